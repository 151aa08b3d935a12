import { messageKey, type Message, type MessageId, type Order, type Position } from '../../domain/message.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Receipt, MessageStatus, Payload } from '../../domain/update.ts';
import type { MessageFilter, MessageReader, PageStart } from '../ports/store.ts';
import type { Tracer } from '../ports/telemetry.ts';

export interface ListedMessages {
  readonly messages: readonly Message[];
  readonly total: number;
  /** The position after which the next page starts; null if this page is the last. */
  readonly next: Position | null;
}

export interface FoundMessage extends Receipt {
  readonly message: Message;
  readonly status: MessageStatus | null;
}

/** Reads stored messages, by default oldest first. */
export class ListMessages {
  readonly #reader: MessageReader;
  readonly #tracer: Tracer;

  constructor(reader: MessageReader, tracer: Tracer) {
    this.#reader = reader;
    this.#tracer = tracer;
  }

  async execute(filter: MessageFilter, start: PageStart, limit: number, order: Order = 'asc'): Promise<ListedMessages> {
    const { messages, total, hasMore } = await this.#tracer.inSpan('ListMessages', () =>
      this.#reader.list(filter, start, limit, order),
    );
    return { messages, total, next: hasMore ? (messages.at(-1) ?? null) : null };
  }

  /** One message with its latest status and its receipt; null if the id is unknown. */
  one(messageId: MessageId, provider?: Provider): Promise<FoundMessage | null> {
    return this.#tracer.inSpan('ListMessages.one', async () => {
      const message = await this.#reader.find(messageId, provider);
      if (message === null) return null;
      const key = messageKey(message);
      const [status, receipt] = await Promise.all([this.#reader.findStatus(key), this.#reader.findReceipt(key)]);
      return { message, status, receivedAt: receipt?.receivedAt ?? null, traceId: receipt?.traceId ?? null };
    });
  }

  /** The unchanged body that delivered a message; null if the id is unknown, `none` if the body was not kept. */
  payload(messageId: MessageId, provider?: Provider): Promise<Payload | 'none' | null> {
    return this.#tracer.inSpan('ListMessages.payload', async () => {
      const message = await this.#reader.find(messageId, provider);
      return message === null ? null : ((await this.#reader.findPayload(messageKey(message))) ?? 'none');
    });
  }
}
