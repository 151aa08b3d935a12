import type { VerifiedDelivery } from '../../../domain/delivery.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import type { IngestOutcome, Payload, UpdateOutcome } from '../../../domain/update.ts';
import type { OperationId, OperationRequest, Reply } from '../contract/types.ts';

/** What an operation knows of the exchange besides its parameters. */
export interface Exchange {
  readonly requestId: string;
  readonly accept: string | undefined;
  /** Up to where a client has read a stream that it goes on with. */
  readonly lastEventId: string | undefined;
  /** Of the trace that the request belongs to, the client's or our own. */
  readonly traceId: string | undefined;
  /** The proof of the signature. Throws where the contract demands none, for then nothing was verified. */
  proof(): VerifiedDelivery;
  /** The body as it came. Each call makes a new object, and the store keeps one body for each. */
  payload(): Payload;
  receivedAt(): Timestamp;
  /** Puts the outcome of a webhook into the log line and the metrics. */
  ingested(messageId: string, outcome: IngestOutcome): void;
  /** The same for a webhook with any number of updates. */
  ingestedAll(counts: Partial<Record<UpdateOutcome, number>>): void;
  /** Puts into the log line that so many more messages went out. */
  readonly streamed: (messages: number) => void;
}

/** One function for each operation of the contract: a missing one, or one too many, does not compile. */
export type Operations = {
  readonly [K in OperationId]: (request: OperationRequest<K>, exchange: Exchange) => Promise<Reply<K>>;
};
