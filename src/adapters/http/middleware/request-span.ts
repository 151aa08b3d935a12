import { KNOWN_METHODS, shownPath } from './access-log.ts';
import { Problem } from '../problem.ts';
import { UNMATCHED, type RequestContext } from './request-context.ts';

/**
 * Sets the attributes of a request's span at its end: those of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/http/http-spans/)
 * and our own, which begin with `webhook.`. They say as little about people as the log: no query, address, body, id or number, and the route instead of the path.
 */
export function describeSpan({ span, ctx, route, provider, result, rejection, fault }: RequestContext): void {
  if (!span.recorded) return;
  const method = KNOWN_METHODS.has(ctx.method) ? ctx.method : '_OTHER';
  const known = method === '_OTHER' ? 'HTTP' : method;
  span.rename(route === UNMATCHED ? known : `${known} ${route}`);
  span.set({
    'http.request.method': method,
    'http.response.status_code': ctx.status,
    'url.scheme': 'http',
    'url.path': shownPath(ctx.path, route),
    ...(route !== UNMATCHED && { 'http.route': route }),
    ...(provider !== undefined && { 'webhook.provider': provider, 'webhook.result': result ?? 'internal_error' }),
    ...(rejection !== undefined && { 'webhook.rejection': rejection }),
  });
  if (ctx.status < 500) return; // a wrong request is no failure of the service
  const cause = fault instanceof Problem ? fault.cause : fault;
  span.fail(cause instanceof Error ? cause : String(ctx.status));
}
