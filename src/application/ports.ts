import type { Delivery, SecretGeneration, SignatureVerdict } from '../domain/delivery.ts';
import type { ArrivedMessage, Place } from '../domain/arrival.ts';
import type { Message, MessageId, MessageKey, Msisdn, Order, Position } from '../domain/message.ts';
import type { Provider } from '../domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionRetention, StoredRejection } from '../domain/rejection.ts';
import type { Stats } from '../domain/stats.ts';
import type { Bucket, BucketCount, TimeRange } from '../domain/timeseries.ts';
import type { Timestamp } from '../domain/timestamp.ts';
import type { Arrival, MessageStatus, NewUpdate, Payload, UpdateOutcome } from '../domain/update.ts';

export interface MessageFilter {
  readonly from?: Msisdn;
  /** Inclusive. */
  readonly since?: Timestamp;
  /** Exclusive. */
  readonly until?: Timestamp;
  /** Contained in the text, ignoring case, as domain/search.ts defines it. */
  readonly contains?: string;
}

/** Which part of the ordered matches: the rows after so many, or the rows after a position. */
export type PageStart = { readonly offset: number } | { readonly after: Position };

export interface MessagePage {
  /** In the order that was asked for; at most as many as asked for. */
  readonly messages: readonly Message[];
  /** All that match the filter, wherever the page starts. */
  readonly total: number;
  /** Whether more matches follow the last message given. */
  readonly hasMore: boolean;
}

export type RejectionPageStart = { readonly offset: number } | { readonly beforeId: number };

export interface RejectionPage {
  readonly rejections: readonly StoredRejection[];
  /** All that match the filter, wherever the page starts. */
  readonly total: number;
  readonly hasMore: boolean;
}

export interface StoreHealth {
  /** `unwritable`: it can be read, and refuses writes. */
  readonly database: 'ok' | 'unreachable' | 'unwritable';
  /** `outdated`: migrations are pending. `unknown`: a newer version changed what this one needs, or it cannot be read. */
  readonly schema: 'ok' | 'outdated' | 'unknown';
}

export interface MessageRepository {
  /**
   * Stores what is new, all of it or, when this rejects, none of it. **Durable when it resolves.** One outcome for each
   * update, in order. The first of two messages with the same key wins, within one call too; no stored message ever
   * changes.
   */
  add(updates: readonly NewUpdate[]): Promise<readonly UpdateOutcome[]>;
  /** Without a provider the first that has a message with this id, in the order of comparePositions. */
  find(messageId: MessageId, provider?: Provider): Promise<Message | null>;
  /** The latest state that was told of this message; null when none was. */
  findStatus(key: MessageKey): Promise<MessageStatus | null>;
  /** How this message came in; null when there is no such message. */
  findArrival(key: MessageKey): Promise<Arrival | null>;
  /** The body that brought this message; null when none was kept. */
  findPayload(key: MessageKey): Promise<Payload | null>;
  /** @default the order of comparePositions */
  list(filter: MessageFilter, start: PageStart, limit: number, order?: Order): Promise<MessagePage>;
  stats(): Promise<Stats>;
  /**
   * What was stored after a place, in the order of the places: at most `limit`, fewer when there is no more now. None is left out
   * for having become visible late; whether one is news to those who began there is `isNews`. `unknown_place`: it is of another
   * epoch, or lies in the future.
   */
  arrivals(after: Place, limit: number): Promise<readonly ArrivedMessage[] | 'unknown_place'>;
  /** Where to begin: whatever is stored from now on is news behind it; nothing that is stored is, but beside very many writers. */
  latestArrival(): Promise<Place>;
  /** As timeseriesOf defines it over the messages of this sender, or over all. */
  timeseries(range: TimeRange, bucket: Bucket, from?: Msisdn): Promise<readonly BucketCount[]>;
  /** Never rejects. */
  health(): Promise<StoreHealth>;
}

/** The store cannot do it now, and nothing was stored; the same call may succeed later. */
export class StoreUnavailable extends Error {
  readonly retryAfterSeconds: number;

  constructor(message: string, options?: ErrorOptions & { retryAfterSeconds?: number }) {
    super(message, options);
    this.name = 'StoreUnavailable';
    this.retryAfterSeconds = options?.retryAfterSeconds ?? 1;
  }
}

/** Refused deliveries, for operators who look for the reason. May forget: it is bounded in number and age. */
export interface RejectionLog {
  /** Takes them in, in order, and forgets the rest: those that came before the first that is young enough, too. */
  add(rejections: readonly Rejection[], retention: RejectionRetention): Promise<void>;
  /** The latest first. */
  list(filter: RejectionFilter, start: RejectionPageStart, limit: number): Promise<RejectionPage>;
}

/** What the store takes, and how far what is derived from the messages has come. Found without a scan of them. */
export interface StoreUsage {
  readonly messages: number;
  /** Messages that the counters do not hold yet. */
  readonly uncountedMessages: number;
  /** Messages that the search index does not hold yet, at most; null where the database keeps it itself. */
  readonly unindexedMessages: number | null;
  /** Of the database; where it is a file, with its log. */
  readonly databaseBytes: number;
  /** Of these, what is free for new rows; null where nobody knows without looking through all of it. */
  readonly reusableBytes: number | null;
  /** The disk that the database is on; null where it is another machine's. */
  readonly disk: { readonly sizeBytes: number; readonly availableBytes: number } | null;
}

export interface SignatureVerifier {
  /** Whether there is a secret to verify against. Without one, verify refuses everything. */
  readonly configured: boolean;
  /** In a time that does not depend on where a wrong signature differs from the right one. Never throws. */
  verify(delivery: Delivery): SignatureVerdict;
}

export interface Metrics {
  /** A webhook request is over; `result` is one word from a small fixed set. */
  webhookRequest(request: { result: string; seconds: number }): void;
  /** What became of `count` updates in one delivery. */
  updates(provider: Provider, outcome: UpdateOutcome, count: number): void;
  /** A signature was right, and this secret made it. */
  verified(provider: Provider, secret: SecretGeneration): void;
  /** A delivery was refused; `reason` is one word from a small fixed set. */
  rejected(provider: Provider, reason: string): void;
  /** A request was refused because too much came from its address; `kind` is one word from a small fixed set. */
  rateLimited(kind: string): void;
  /** An HTTP request is over; `path` is a route template, so that the number of series is bounded. */
  httpRequest(request: { method: string; path: string; status: number; seconds: number }): void;
  /** A message was sent that long before it was stored. */
  ingestLag(seconds: number): void;
  /** A group of messages was made durable, or failed to be. */
  commit(commit: { messages: number; seconds: number; outcome: 'committed' | 'failed' }): void;
  /** Messages waiting for the next commit. */
  queueDepth(messages: number): void;
  /** Bytes of request bodies that are in memory. */
  bodyBytes(bytes: number): void;
  /** A request was refused because its body had no room in memory. */
  bodyShed(): void;
  /** So many follow the messages now. */
  messageStreams(open: number): void;
  /** A connection was closed as it came because there are too many. */
  connectionDropped(): void;
  /** So many messages were erased because they are older than what is kept. */
  messagesErased(messages: number): void;
  /** All series as text: OpenMetrics when the Accept header asks for it, else the Prometheus format. */
  exposition(accept: string | undefined): Promise<{ contentType: string; body: string }>;
}

export interface Clock {
  now(): Timestamp;
}

export interface Timer {
  /** Calls back again and again, with so many ms between, until what it returned is called. Keeps no process alive. */
  every(milliseconds: number, callBack: () => void): () => void;
}

export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
