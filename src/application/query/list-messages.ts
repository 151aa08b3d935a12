import { messageKey, type Message, type MessageId, type Order, type Position } from '../../domain/message.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Receipt, MessageStatus, Payload } from '../../domain/update.ts';
import type { MessageFilter, MessageRepository, PageStart } from '../ports/store.ts';
import type { Tracer } from '../ports/telemetry.ts';

export interface ListedMessages {
  readonly messages: readonly Message[];
  readonly total: number;
  /** Where the next page starts; null when this one is the last. */
  readonly next: Position | null;
}

export interface FoundMessage extends Receipt {
  readonly message: Message;
  readonly status: MessageStatus | null;
}

/** Gives stored messages back, oldest first unless asked otherwise. */
export class ListMessages {
  readonly #repository: MessageRepository;
  readonly #tracer: Tracer;

  constructor(repository: MessageRepository, tracer: Tracer) {
    this.#repository = repository;
    this.#tracer = tracer;
  }

  async execute(filter: MessageFilter, start: PageStart, limit: number, order: Order = 'asc'): Promise<ListedMessages> {
    const { messages, total, hasMore } = await this.#tracer.inSpan('ListMessages', () =>
      this.#repository.list(filter, start, limit, order),
    );
    return { messages, total, next: hasMore ? (messages.at(-1) ?? null) : null };
  }

  /** One message with the latest state it was told of and how it came in; null when there is none with that id. */
  one(messageId: MessageId, provider?: Provider): Promise<FoundMessage | null> {
    return this.#tracer.inSpan('ListMessages.one', async () => {
      const message = await this.#repository.find(messageId, provider);
      if (message === null) return null;
      const key = messageKey(message);
      const [status, arrival] = await Promise.all([
        this.#repository.findStatus(key),
        this.#repository.findReceipt(key),
      ]);
      return { message, status, receivedAt: arrival?.receivedAt ?? null, traceId: arrival?.traceId ?? null };
    });
  }

  /** The body that brought a message, as it was sent; null when there is no such message, `none` when no body was kept. */
  payload(messageId: MessageId, provider?: Provider): Promise<Payload | 'none' | null> {
    return this.#tracer.inSpan('ListMessages.payload', async () => {
      const message = await this.#repository.find(messageId, provider);
      return message === null ? null : ((await this.#repository.findPayload(messageKey(message))) ?? 'none');
    });
  }
}
