import type { ErasureRule, ExpiryRule } from '../../domain/erasure-rule.ts';
import type { Message, MessageId, MessageKey, Msisdn, Order, Position } from '../../domain/message.ts';
import type { Provider } from '../../domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionRetention, StoredRejection } from '../../domain/rejection.ts';
import type { Stats } from '../../domain/stats.ts';
import type { FeedEntry, StreamPosition } from '../../domain/stream-position.ts';
import type { Bucket, BucketCount, TimeRange } from '../../domain/timeseries.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { MessageStatus, NewUpdate, Payload, Receipt } from '../../domain/update.ts';
import type { UpdateOutcome } from '../../domain/ingest-outcome.ts';

/** The store cannot serve the call now, and as far as it knows stored nothing of it. The same call may succeed later. */
export class StoreUnavailable extends Error {
  readonly retryAfterSeconds: number;

  constructor(message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.retryAfterSeconds = options?.retryAfterSeconds ?? 1;
  }
}

/** Another writer holds what the call needs, such as the id of one of its messages. Other calls may succeed now. */
export class StoreContended extends StoreUnavailable {}

/** The call is stored, but the store lost its connection before it knew the outcome of every update. A retry returns it. */
export class OutcomesUnknown extends StoreUnavailable {
  /** One per update, in order; null if it is not known. */
  readonly outcomes: readonly (UpdateOutcome | null)[];

  constructor(outcomes: readonly (UpdateOutcome | null)[], options?: ErrorOptions) {
    super('the connection was lost after the commit', options);
    this.outcomes = outcomes;
  }
}

/** Stores updates. */
export interface MessageWriter {
  /**
   * Stores what is new: all of it, or none of it when the call rejects. **Durable when it resolves.** Returns one outcome
   * per update, in order. The first of two messages with the same key wins, within one call too. A stored message never changes.
   */
  add(updates: readonly NewUpdate[]): Promise<readonly UpdateOutcome[]>;
}

export interface MessageFilter {
  readonly from?: Msisdn;
  /** Inclusive. */
  readonly since?: Timestamp;
  /** Exclusive. */
  readonly until?: Timestamp;
  /** Contained in the text, ignoring case, as domain/text-folding.ts defines it. */
  readonly contains?: string;
}

/** Where a page of the ordered matches starts: after `offset` rows, or after a position. */
export type PageStart = { readonly offset: number } | { readonly after: Position };

export interface MessagePage {
  /** In the requested order, up to the requested number. */
  readonly messages: readonly Message[];
  /** All matches of the filter, wherever the page starts. */
  readonly total: number;
  /** Whether more matches follow the last message of the page. */
  readonly hasMore: boolean;
}

/** Reads stored messages and what was received about them. */
export interface MessageReader {
  /** Without a provider: the first match of this id in the order of comparePositions. */
  find(messageId: MessageId, provider?: Provider): Promise<Message | null>;
  /** The latest reported status of this message; null if none was reported. */
  findStatus(key: MessageKey): Promise<MessageStatus | null>;
  /** How this message was received; null if there is no such message. */
  findReceipt(key: MessageKey): Promise<Receipt | null>;
  /** The body that delivered this message; null if it was not kept. */
  findPayload(key: MessageKey): Promise<Payload | null>;
  /** @param order defaults to the order of comparePositions */
  list(filter: MessageFilter, start: PageStart, limit: number, order?: Order): Promise<MessagePage>;
  stats(): Promise<Stats>;
  /** As timeseriesOf defines it, over the messages of this sender or over all. */
  timeseries(range: TimeRange, bucket: Bucket, from?: Msisdn): Promise<readonly BucketCount[]>;
}

export interface FeedPage {
  /** In commit order, up to the requested number; fewer only if there are no more now. */
  readonly entries: readonly FeedEntry[];
  /** The position after the page: the next read continues here. */
  readonly position: StreamPosition;
}

/** Reads messages in commit order. */
export interface MessageFeed {
  /**
   * The messages after a position that are new to its subscriber. A message that becomes visible late is never skipped.
   * `unknown_position`: the position belongs to another epoch, or lies in the future.
   */
  readFeed(after: StreamPosition, limit: number): Promise<FeedPage | 'unknown_position'>;
  /** The position from which a new subscriber receives only later messages. */
  feedEnd(): Promise<StreamPosition>;
}

export interface StoreHealth {
  /** `unwritable`: reads work, writes fail. */
  readonly database: 'ok' | 'unreachable' | 'unwritable';
  /** `outdated`: migrations are pending. `unknown`: a newer version changed what this version needs, or it cannot be read. */
  readonly schema: 'ok' | 'outdated' | 'unknown';
}

export interface StoreHealthCheck {
  /** Never rejects. */
  health(): Promise<StoreHealth>;
}

export interface MessageRepository extends MessageWriter, MessageReader, MessageFeed, StoreHealthCheck {}

/** The size of the store, and the backlog of its derived data. Read without scanning the messages. */
export interface StoreUsage {
  readonly messages: number;
  /** Messages that the counters do not include yet. */
  readonly uncountedMessages: number;
  /** Upper bound of the messages that the search index lacks; null if the database maintains the index itself. */
  readonly unindexedMessages: number | null;
  /** Bytes of the database; of a file, including its write-ahead log. */
  readonly databaseBytes: number;
  /** The part of `databaseBytes` that new rows can reuse; null if only a scan could tell. */
  readonly reusableBytes: number | null;
  /** The disk of the database; null if it belongs to another machine. */
  readonly disk: { readonly sizeBytes: number; readonly availableBytes: number } | null;
}

/** The start of a page of rejections: after `offset` rows, or below an id. */
export type RejectionPageStart = { readonly offset: number } | { readonly beforeId: number };

export interface RejectionPage {
  readonly rejections: readonly StoredRejection[];
  /** All matches of the filter, wherever the page starts. */
  readonly total: number;
  readonly hasMore: boolean;
}

/** Rejected deliveries, kept for operators. Bounded in number and age. */
export interface RejectionLog {
  /** Stores them in order and deletes what exceeds the retention: everything up to the last row that is too old. */
  add(rejections: readonly Rejection[], retention: RejectionRetention): Promise<void>;
  /** Latest first. */
  list(filter: RejectionFilter, start: RejectionPageStart, limit: number): Promise<RejectionPage>;
}

/** What was erased, or would be. */
export interface Erased {
  readonly messages: number;
  /** Statuses of those messages, and of unknown messages: expired ones, or those whose id contains the number. */
  readonly statuses: number;
  /** Kept bodies of deliveries. */
  readonly bodies: number;
  /** Messages of other people that remain, but lose the body that delivered them. */
  readonly bereft: number;
  /** Rejections that lose their excerpt. */
  readonly excerpts: number;
}

export interface ErasurePreview extends Erased {
  /** All stored messages, including those that remain. */
  readonly total: number;
  /** A person's messages by direction; a message to themselves counts as both. */
  readonly fromPerson: number;
  readonly toPerson: number;
  /** Messages of other people whose text contains the number; they remain. */
  readonly mentions: number;
  readonly firstAt: Timestamp | null;
  readonly lastAt: Timestamp | null;
}

/** The position of the next step. Only the eraser that issued it can interpret it. */
export type ErasureCursor =
  | { readonly in: 'messages'; readonly after: { readonly sentAt: bigint; readonly key: string } | null }
  | { readonly in: 'statuses' | 'bodies' | 'excerpts'; readonly after: string };

export interface ErasureStep extends Erased {
  /** null after the last step. */
  readonly next: ErasureCursor | null;
}

/** Erases messages by one kind of rule, in steps. Reads stay exact meanwhile, and a commit waits for one step at most. */
export interface StepwiseEraser<R extends ErasureRule> {
  /** At most one small transaction. `busy`: another process is erasing. */
  eraseNext(rule: R, cursor: ErasureCursor | null): Promise<ErasureStep | 'busy'>;
}

/** How much an expiry rule concerns. Read at the same cost for any number of messages. */
export interface ExpiryOutlook {
  /** All stored messages. */
  readonly messages: number;
  /** Upper bound of the messages that the rule erases, from the counters alone. */
  readonly reach: number;
  /** When the messages that were stored last were received, up to 1,000 of them. */
  readonly latestReceipts: readonly Timestamp[];
}

/** The store that retention erases from, and what it checks before. */
export interface ExpiryStore extends StepwiseEraser<ExpiryRule> {
  /** The present instant by the clock of the database server; null if there is no server. */
  serverTime(): Promise<Timestamp | null>;
  outlook(rule: ExpiryRule): Promise<ExpiryOutlook>;
  /** Counts what the rule erases among the next 5,000 messages within its reach. `next` is null at the end. */
  countNext(rule: ExpiryRule, cursor: ErasureCursor | null): Promise<{ count: number; next: ErasureCursor | null }>;
}

/** Previews and erases by every rule. */
export interface MessageEraser extends StepwiseEraser<ErasureRule> {
  /** The position of the oldest of the newest `messages` messages; of the oldest of all if there are fewer; null without any. */
  newest(messages: number): Promise<Position | null>;
  /** Upper bound of the messages that the rule erases, from the counters alone. */
  reach(rule: ExpiryRule): Promise<number>;
  /** What the rule would erase now. Reads every message and changes nothing. */
  preview(rule: ErasureRule): Promise<ErasurePreview>;
}
