import cors from '@koa/cors';
import type { HttpMiddleware } from './request-context.ts';

const READ_METHODS = ['GET', 'HEAD'];
const READ_HEADERS = ['Authorization', 'If-None-Match', 'Last-Event-ID', 'X-Request-ID', 'traceparent'];
const EXPOSED_HEADERS = ['X-Request-ID', 'ETag', 'Retry-After', 'X-Message-Result'];
/** How long a browser may remember the answer to a preflight: Chromium forgets it after two hours in any case. */
const MAX_AGE_SECONDS = 600;

/**
 * Lets pages of these origins, and no others, read (https://fetch.spec.whatwg.org/#http-cors-protocol): what can be read
 * they may ask for with a read key, and see the answer. Without credentials: the service has no cookies. Nothing at all, not even
 * `Vary`, without an origin. `isReadable`: whether a path has GET; only of those is a preflight answered.
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
    keepHeadersOnError: false, // what next throws is made an answer of elsewhere, and the headers stay
  });
  return async (ctx, next) => {
    await middleware(ctx, next);
  };
}
