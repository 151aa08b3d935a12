import type Koa from 'koa';
import type { Clock } from '../../../application/ports/time.ts';
import type { Span } from '../../../application/ports/telemetry.ts';
import type { SignatureRefusal, VerifiedDelivery } from '../../../domain/delivery.ts';
import type { Provider } from '../../../domain/provider.ts';
import type { RejectionReason } from '../../../domain/rejection.ts';
import type { BodyShare } from '../body/body-budget.ts';
import type { Exchange } from '../operations/exchange.ts';
import type { RequestIds } from './request-id.ts';

/** The route of a request that matches none: the series of the metrics must not grow with what strangers ask for. */
export const UNMATCHED = 'unmatched';

/** What a delivery of several updates comes to: the first of these that one of them came to. */
const RESULTS = ['created', 'conflict', 'duplicate'] as const;

/** One request on its way through the service, and what its log line and its span will say at its end. */
export interface Visit {
  readonly ctx: Koa.Context;
  readonly requestId: string;
  /** Of the trace that it belongs to, the client's or our own. */
  readonly traceId: string | undefined;
  readonly log: Record<string, unknown>;
  readonly span: Span;
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
  /** Why it is among the rejections, when it is. */
  rejection: RejectionReason | undefined;
  /** What was thrown instead of an answer. */
  fault: unknown;
}

export function newVisit(ctx: Koa.Context, { requestId, caller }: RequestIds, span: Span, share: BodyShare): Visit {
  const traceId = span.context?.traceId ?? caller?.traceId;
  return {
    ctx,
    requestId,
    traceId,
    log: {
      ...(traceId !== undefined && { trace_id: traceId }),
      ...(span.context !== undefined && { span_id: span.context.spanId }),
    },
    span,
    route: UNMATCHED,
    provider: undefined,
    share,
    body: Buffer.alloc(0),
    proof: undefined,
    refusal: undefined,
    result: undefined,
    rejection: undefined,
    fault: undefined,
  };
}

export function exchangeOf(visit: Visit, clock: Clock): Exchange {
  return {
    requestId: visit.requestId,
    accept: visit.ctx.req.headers.accept,
    lastEventId: visit.ctx.get('Last-Event-ID') || undefined,
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
    streamed(messages) {
      visit.log['messages'] = Number(visit.log['messages'] ?? 0) + messages;
    },
  };
}
