import type { Message, MessageId, Position } from '../domain/message.ts';
import type { MessageFilter, MessageRepository, PageStart } from './ports.ts';

export interface ListedMessages {
  readonly messages: readonly Message[];
  readonly total: number;
  /** Where the next page starts; null when this one is the last. */
  readonly next: Position | null;
}

/** Gives stored messages back, oldest first. */
export class ListMessages {
  readonly #repository: MessageRepository;

  constructor(repository: MessageRepository) {
    this.#repository = repository;
  }

  async execute(filter: MessageFilter, start: PageStart, limit: number): Promise<ListedMessages> {
    const { messages, total, hasMore } = await this.#repository.list(filter, start, limit);
    return { messages, total, next: hasMore ? (messages.at(-1) ?? null) : null };
  }

  /** One message, or null when there is none with that id. */
  async one(messageId: MessageId): Promise<Message | null> {
    return this.#repository.find(messageId);
  }
}
