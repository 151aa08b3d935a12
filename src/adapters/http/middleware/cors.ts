import cors from '@koa/cors';
import type { HttpMiddleware } from './request-context.ts';

const READ_METHODS = ['GET', 'HEAD'];
const READ_HEADERS = ['Authorization', 'If-None-Match', 'Last-Event-ID', 'X-Request-ID', 'traceparent'];
const EXPOSED_HEADERS = ['X-Request-ID', 'ETag', 'Retry-After', 'X-Message-Result'];
/** How long a browser may cache the answer to a preflight; Chromium caches it for up to two hours. */
const MAX_AGE_SECONDS = 600;

/**
 * Allows pages of these origins, and no others, to read with a read key (https://fetch.spec.whatwg.org/#http-cors-protocol). Credentials
 * are not allowed, because the service has no cookies. Without origins, no header is added at all, not even `Vary`.
 * @param isReadable whether a path has GET; only for those paths a preflight is answered
 */
export function crossOriginReads(origins: readonly string[], isReadable: (path: string) => boolean): HttpMiddleware {
  if (origins.length === 0) return (_ctx, next) => next();
  const middleware = cors({
    origin(ctx) {
      const origin = ctx.get('Origin');
      return origins.includes(origin) && (ctx.method !== 'OPTIONS' || isReadable(ctx.path)) ? origin : '';
    },
    allowMethods: READ_METHODS,
    allowHeaders: READ_HEADERS,
    exposeHeaders: EXPOSED_HEADERS,
    maxAge: MAX_AGE_SECONDS,
    keepHeadersOnError: false, // the middleware around it answers what next throws, and keeps the headers
  });
  return async (ctx, next) => {
    await middleware(ctx, next);
  };
}
