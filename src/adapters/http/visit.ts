import type Koa from 'koa';
import type { VerifiedDelivery } from '../../domain/delivery.ts';
import type { Exchange } from './operations.ts';
import { requestIds } from './request-id.ts';

/** The route of a request that matches none: the series of the metrics must not grow with what strangers ask for. */
export const UNMATCHED = 'unmatched';

/** One request on its way through the service, and what the log line at its end will say. */
export interface Visit {
  readonly ctx: Koa.Context;
  readonly requestId: string;
  readonly log: Record<string, unknown>;
  operationId: string | undefined;
  route: string;
  body: Buffer;
  proof: VerifiedDelivery | undefined;
  result: string | undefined;
}

export function newVisit(ctx: Koa.Context): Visit {
  const { requestId, traceId } = requestIds(ctx.req.headers);
  return {
    ctx,
    requestId,
    log: traceId === undefined ? {} : { trace_id: traceId },
    operationId: undefined,
    route: UNMATCHED,
    body: Buffer.alloc(0),
    proof: undefined,
    result: undefined,
  };
}

export function exchangeOf(visit: Visit): Exchange {
  return {
    requestId: visit.requestId,
    accept: visit.ctx.req.headers.accept,
    proof() {
      if (visit.proof === undefined) throw new Error('this operation verifies no signature');
      return visit.proof;
    },
    ingested(messageId, outcome) {
      visit.log['message_id'] = messageId;
      visit.log['dup'] = outcome !== 'created';
      visit.result = outcome;
    },
  };
}
