import type Koa from 'koa';
import type { Span } from '../../../application/ports/telemetry.ts';
import type { SignatureRefusal, VerifiedDelivery } from '../../../domain/delivery.ts';
import type { Provider } from '../../../domain/provider.ts';
import type { RejectionReason } from '../../../domain/rejection.ts';
import { NO_SHARE, type BodyShare } from '../body/budget.ts';
import type { RequestIds } from './request-id.ts';

/** The route of a request that matches none: the series of the metrics must not grow with what strangers ask for. */
export const UNMATCHED = 'unmatched';

/** What all middleware of this adapter finds in `ctx.state`. */
export interface State {
  request: RequestContext;
}

export type HttpContext = Koa.ParameterizedContext<State>;
export type HttpMiddleware = Koa.Middleware<State>;

/** One request on its way through the service, with what its log line, its metrics and its span will say. */
export interface RequestContext {
  readonly ctx: HttpContext;
  readonly requestId: string;
  /** The id of its trace, the client's or our own. */
  readonly traceId: string | undefined;
  readonly log: Record<string, unknown>;
  readonly span: Span;
  /** The path template of its operation, once the router has matched one. */
  route: string;
  /** The provider that sent it, once the contract has said that it is a webhook. */
  provider: Provider | undefined;
  /** The memory that its body occupies, held until it is answered. */
  share: BodyShare;
  body: Buffer;
  proof: VerifiedDelivery | undefined;
  /** Why there is no proof, if the signature was checked. */
  refusal: SignatureRefusal | undefined;
  result: string | undefined;
  /** The reason under which it was recorded as a rejection. */
  rejection: RejectionReason | undefined;
  /** What was thrown instead of an answer. */
  fault: unknown;
}

const NO_BODY = Buffer.alloc(0);

export function newRequestContext(ctx: HttpContext, { requestId, caller }: RequestIds, span: Span): RequestContext {
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
    share: NO_SHARE,
    body: NO_BODY,
    proof: undefined,
    refusal: undefined,
    result: undefined,
    rejection: undefined,
    fault: undefined,
  };
}
