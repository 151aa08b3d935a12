import type { Logger, Metrics } from '../../../application/ports/telemetry.ts';
import { UNMATCHED, type RequestContext } from './request-context.ts';

const OTHER_METHOD = 'other';
/** Others are a stranger's own words. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** A request is answered: its part in the metrics. Of a stream this is its beginning: how long it lasts is the client's affair. */
export function countRequest(
  { ctx, provider, route, result }: RequestContext,
  seconds: number,
  metrics: Metrics,
): void {
  const method = KNOWN_METHODS.has(ctx.method) ? ctx.method : OTHER_METHOD;
  metrics.httpRequest({ method, path: route, status: ctx.status, seconds });
  if (provider !== undefined) metrics.webhookRequest({ result: result ?? 'internal_error', seconds });
}

/** The end of a request: its one log line. */
export function logRequest(request: RequestContext, seconds: number, logger: Logger): void {
  const { ctx, requestId, log, provider, route, result } = request;
  const fields = {
    request_id: requestId,
    method: ctx.method,
    path: shownPath(ctx.path, route),
    status: ctx.status,
    latency_ms: Math.round(seconds * 1e6) / 1000,
    ...(provider !== undefined && { provider, result }),
    ...log,
  };
  if (ctx.status >= 500) logger.error('request', fields);
  else logger.info('request', fields);
}

/** The route, for a path may hold ids; without one the path itself as far as it can be shown. */
export function shownPath(path: string, route: string): string {
  return route === UNMATCHED ? unmatchedPath(path) : route;
}

/** What a stranger asked for, bounded, and without what may be a phone number, also where its digits are encoded. */
function unmatchedPath(path: string): string {
  return path
    .slice(0, 256)
    .replaceAll(/%3(\d)/g, '$1')
    .replaceAll(/\d(?=\d{4})/g, '*');
}
