import type Koa from 'koa';
import type { Clock } from '../../application/ports.ts';
import type { SignatureRefusal, VerifiedDelivery } from '../../domain/delivery.ts';
import type { Provider } from '../../domain/provider.ts';
import type { BodyShare } from './body-budget.ts';
import type { Exchange } from './exchange.ts';
import { requestIds } from './request-id.ts';

/** The route of a request that matches none: the series of the metrics must not grow with what strangers ask for. */
export const UNMATCHED = 'unmatched';

/** What a delivery of several updates comes to: the first of these that one of them came to. */
const RESULTS = ['created', 'conflict', 'duplicate'] as const;

/** One request on its way through the service, and what the log line at its end will say. */
export interface Visit {
  readonly ctx: Koa.Context;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly log: Record<string, unknown>;
  route: string;
  /** Whose webhook it is, once the contract has said that it is one. */
  provider: Provider | undefined;
  /** What its body takes of the memory for bodies; held until it is answered. */
  readonly share: BodyShare;
  body: Buffer;
  proof: VerifiedDelivery | undefined;
  /** Why there is no proof, when the signature was looked at. */
  refusal: SignatureRefusal | undefined;
  result: string | undefined;
}

export function newVisit(ctx: Koa.Context, share: BodyShare): Visit {
  const { requestId, traceId } = requestIds(ctx.req.headers);
  return {
    ctx,
    requestId,
    traceId,
    log: traceId === undefined ? {} : { trace_id: traceId },
    route: UNMATCHED,
    provider: undefined,
    share,
    body: Buffer.alloc(0),
    proof: undefined,
    refusal: undefined,
    result: undefined,
  };
}

export function exchangeOf(visit: Visit, clock: Clock): Exchange {
  return {
    requestId: visit.requestId,
    accept: visit.ctx.req.headers.accept,
    traceId: visit.traceId,
    proof() {
      if (visit.proof === undefined) throw new Error('this operation verifies no signature');
      return visit.proof;
    },
    payload: () => ({ mediaType: visit.ctx.req.headers['content-type'] ?? '', body: visit.body }),
    receivedAt: () => clock.now(),
    ingested(messageId, outcome) {
      visit.log['message_id'] = messageId;
      visit.log['dup'] = outcome !== 'created';
      visit.result = outcome;
    },
    ingestedAll(counts) {
      visit.log['outcomes'] = counts;
      visit.result = RESULTS.find((outcome) => counts[outcome] !== undefined) ?? 'accepted';
    },
  };
}
