import { KNOWN_METHODS, shownPath } from './access-log.ts';
import { Problem } from './problem.ts';
import { UNMATCHED, type RequestContext } from './request-context.ts';

/**
 * What the span of a request says at its end, in the words of OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/http/http-spans/) and,
 * with `webhook.`, our own. As little of people as the log has: no query, address, body, id or number, and of a path only the route.
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
  if (ctx.status < 500) return; // who asks for something wrong is no failure of ours
  const cause = fault instanceof Problem ? fault.cause : fault;
  span.fail(cause instanceof Error ? cause : String(ctx.status));
}
