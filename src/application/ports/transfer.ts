import type { MessageId, MessageKey, Msisdn, Position } from '../../domain/message.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { MessageStatus, NewMessage, Payload, StatusUpdate } from '../../domain/update.ts';
import type { SchemaCheck, Work } from './maintenance.ts';
import type { MessageWriter } from './store.ts';

export interface ExportFilter {
  readonly from?: Msisdn | undefined;
  /** Inclusive. */
  readonly since?: Timestamp | undefined;
  /** Exclusive. */
  readonly until?: Timestamp | undefined;
}

export interface ExportedMessage extends NewMessage {
  readonly status: MessageStatus | null;
}

export interface UnknownPayload extends Payload {
  readonly id: bigint;
}

/** One step of an export: statuses of messages that are not stored, then messages in their order, then unknown updates. */
export type Exported =
  | { readonly kind: 'messages'; readonly messages: readonly ExportedMessage[] }
  | { readonly kind: 'statuses'; readonly statuses: readonly StatusUpdate[] }
  | { readonly kind: 'unknown'; readonly payloads: readonly UnknownPayload[] };

/** What an interrupted export wrote last. */
export type ExportPlace =
  | { readonly kind: 'messages'; readonly after: Position }
  | { readonly kind: 'statuses'; readonly after: MessageKey }
  | { readonly kind: 'unknown'; readonly after: bigint };

export interface ExportSource {
  readonly schema: SchemaCheck;
  /** Number of messages that match the filter. */
  count(filter: ExportFilter): Promise<number>;
  /** Everything stored before the call comes exactly once, after `start` if that is given. */
  read(filter: ExportFilter, start: ExportPlace | null, signal: AbortSignal): AsyncIterable<Exported>;
}

/** The destination of an export. */
export interface ExportOutput {
  /** What it contains already; null if it is new. */
  readonly place: ExportPlace | null;
  /** Resolves when there is memory for the next step. */
  write(step: Exported): Promise<void>;
  /** Makes everything durable, under its name. */
  finish(): Promise<void>;
  /** Closes it after a failure and returns the error to report. */
  abandon(error: unknown): Promise<unknown>;
}

export interface ImportTarget extends MessageWriter {
  /** Whether no unknown update with this payload is stored, or was asked about before. */
  isNewUnknown(payload: Payload): Promise<boolean>;
  /**
   * Takes up to `limit` messages into counters and search index, and returns their number. `busy`: a service took the same
   * step; resolves after a short pause.
   */
  deriveNext(limit: number): Promise<number | 'busy'>;
}

export interface StoreDigest {
  readonly rows: number;
  /** SHA-256 in hexadecimal over one line of JSON per message, in the order of all messages. */
  readonly sha256: string;
}

export interface Difference {
  readonly messageId: string;
  readonly sentAt: Timestamp;
  readonly what: 'only in the source' | 'only in the target' | 'not the same in both';
}

export interface Comparison {
  readonly source: StoreDigest;
  readonly target: StoreDigest;
  /** The first difference in the order of all messages; null if both hold the same messages. */
  readonly firstDifference: Difference | null;
}

/** What a store holds beside its messages. */
export interface Belongings {
  /** Messages with a kept body. */
  readonly bodies: number;
  /** Messages with a known status, stored or not. */
  readonly statuses: number;
  /** Messages with a known time of receipt. */
  readonly arrivals: number;
  /** Messages with a known trace. */
  readonly traces: number;
}

export interface CopyResult extends Comparison {
  readonly copied: number;
  readonly alreadyThere: number;
  /** Messages whose id the target holds with other content; the target keeps its own. */
  readonly conflicts: number;
  /** The first of their ids. */
  readonly conflicting: readonly MessageId[];
  /** Unknown updates that the target did not hold; two with the same bytes become one. */
  readonly unknown: number;
  readonly belongings: { readonly source: Belongings; readonly target: Belongings };
  /** Wrong counter tables of the target. */
  readonly wrongCounters: readonly string[];
}

/** A store to copy from. */
export interface CopySource {
  readonly schema: SchemaCheck;
  /**
   * Adds to the target what it lacks, then compares all messages of both. An interrupted copy leaves whole commits behind.
   * The target is created and migrated if necessary.
   */
  copy(work: Work): Promise<CopyResult>;
}
