import type { Clock } from '../../../application/ports/time.ts';
import type { VerifiedDelivery } from '../../../domain/delivery.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import type { IngestOutcome, UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import type { Payload } from '../../../domain/update.ts';
import type { OperationId, OperationRequest, Reply } from '../contract/types.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/** What an operation knows of the exchange besides its parameters. */
export interface Exchange {
  readonly requestId: string;
  readonly accept: string | undefined;
  /** The position up to which a client has read the stream that it resumes. */
  readonly lastEventId: string | undefined;
  /** The id of the request's trace, the client's or our own. */
  readonly traceId: string | undefined;
  /** The proof of the signature. Throws if the contract requires none, because nothing was verified then. */
  proof(): VerifiedDelivery;
  /** The body as it came. Each call makes a new object, and the store keeps one body for each. */
  payload(): Payload;
  receivedAt(): Timestamp;
  /** Puts the outcome of a webhook into the log line and the metrics. */
  ingested(messageId: string, outcome: IngestOutcome): void;
  /** The same for a webhook with any number of updates. */
  ingestedAll(counts: Partial<Record<UpdateOutcome, number>>): void;
  /** Adds to the number of streamed messages in the log line. */
  readonly streamed: (messages: number) => void;
}

/** One function for each operation of the contract: a missing one, or one too many, does not compile. */
export type Operations = {
  readonly [K in OperationId]: (request: OperationRequest<K>, exchange: Exchange) => Promise<Reply<K>>;
};

/** The result of a delivery of several updates: the first of these that one of them had. */
const RESULTS = ['created', 'conflict', 'duplicate'] as const;

export function exchangeOf(request: RequestContext, clock: Clock): Exchange {
  const { headers } = request.ctx.req;
  return {
    requestId: request.requestId,
    accept: headers.accept,
    lastEventId: request.ctx.get('Last-Event-ID') || undefined,
    traceId: request.traceId,
    proof() {
      if (request.proof === undefined) throw new Error('this operation verifies no signature');
      return request.proof;
    },
    payload: () => ({ mediaType: headers['content-type'] ?? '', body: request.body }),
    receivedAt: () => clock.now(),
    ingested(messageId, outcome) {
      request.log['message_id'] = messageId;
      request.log['dup'] = outcome !== 'created';
      request.result = outcome;
    },
    ingestedAll(counts) {
      request.log['outcomes'] = counts;
      request.result = RESULTS.find((outcome) => counts[outcome] !== undefined) ?? 'accepted';
    },
    streamed(messages) {
      request.log['messages'] = Number(request.log['messages'] ?? 0) + messages;
    },
  };
}
