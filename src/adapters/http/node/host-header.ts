import { Problem } from '../problem.ts';
import type { HttpMiddleware } from '../middleware/request-context.ts';

/** Rejects an HTTP/1.1 request without a Host header (RFC 9112, section 3.2). */
export const requireHost: HttpMiddleware = (ctx, next) => {
  if (ctx.req.headers.host === undefined && ctx.req.httpVersion === '1.1') {
    throw new Problem('bad-request', { detail: 'HTTP/1.1 demands a Host header' });
  }
  return next();
};
