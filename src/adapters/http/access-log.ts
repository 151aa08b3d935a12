import type { Logger, Metrics } from '../../application/ports.ts';
import { UNMATCHED, type Visit } from './visit.ts';

const OTHER_METHOD = 'other';
/** Others are a stranger's own words. */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** The end of a request: its one log line, and its part in the metrics. */
export function recordRequest(
  { ctx, requestId, log, provider, route, result }: Visit,
  seconds: number,
  dependencies: { readonly logger: Logger; readonly metrics: Metrics },
): void {
  const { logger, metrics } = dependencies;
  const method = KNOWN_METHODS.has(ctx.method) ? ctx.method : OTHER_METHOD;
  metrics.httpRequest({ method, path: route, status: ctx.status, seconds });
  const isWebhook = provider !== undefined;
  if (isWebhook) metrics.webhookRequest({ result: result ?? 'internal_error', seconds });
  const fields = {
    request_id: requestId,
    method: ctx.method,
    path: shownPath(ctx.path, route),
    status: ctx.status,
    latency_ms: Math.round(seconds * 1e6) / 1000,
    ...(isWebhook && { provider, result }),
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
