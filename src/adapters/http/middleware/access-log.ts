import type { Logger, Metrics } from '../../../application/ports/telemetry.ts';
import type { Timer } from '../../../application/ports/time.ts';
import { NO_PATH } from '../node/request-target.ts';
import { UNMATCHED, type RequestContext } from './request-context.ts';

const OTHER_METHOD = 'other';
/** Any other method is text that a stranger chose, so it is not repeated in metrics and spans. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Counts an answered request in the metrics. A stream counts when it begins, because its client decides how long it lasts. */
export function countRequest(
  { ctx, provider, route, result }: RequestContext,
  seconds: number,
  metrics: Metrics,
): void {
  const method = KNOWN_METHODS.has(ctx.method) ? ctx.method : OTHER_METHOD;
  metrics.httpRequest({ method, path: route, status: ctx.status, seconds });
  if (provider !== undefined) metrics.webhookRequest({ result: result ?? 'internal_error', seconds });
}

/** Writes the one log line of a request, at its end. */
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

/** The number of log lines of unreadable requests in a burst, and then per second. Strangers can cause any number of them. */
const [BURST, PER_SECOND] = [50, 5];

/** Reports the answers to unreadable requests: all in the metrics, and at a bounded rate in the log. */
export function unreadableReport(
  metrics: Metrics,
  logger: Logger,
  timer: Timer,
): (reason: string | undefined, answer: { readonly requestId: string; readonly status: number }) => void {
  let [lines, since, omitted] = [BURST, timer.elapsed(), 0];
  return (reason, { requestId, status }) => {
    metrics.httpRequest({ method: OTHER_METHOD, path: UNMATCHED, status, seconds: 0 });
    const now = timer.elapsed();
    lines = Math.min(BURST, lines + ((now - since) / 1_000) * PER_SECOND);
    since = now;
    if (lines < 1) {
      omitted++;
      return;
    }
    lines--;
    const fields = { request_id: requestId, method: OTHER_METHOD, path: NO_PATH, status, latency_ms: 0, reason };
    logger.info('request', { ...fields, ...(omitted > 0 && { lines_omitted: omitted }) });
    omitted = 0;
  };
}

/** The route, because a path may hold ids; without a route, as much of the path as can be shown. */
export function shownPath(path: string, route: string): string {
  return route === UNMATCHED ? unmatchedPath(path) : route;
}

/** The path that a stranger asked for, up to 256 characters, with possible phone numbers masked, even if their digits are encoded. */
function unmatchedPath(path: string): string {
  return path
    .slice(0, 256)
    .replaceAll(/%3(\d)/g, '$1')
    .replaceAll(/\d(?=\d{4})/g, '*');
}
