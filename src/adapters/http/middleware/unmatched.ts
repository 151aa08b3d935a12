import { Problem } from '../problem.ts';
import type { HttpContext, HttpMiddleware } from './request-context.ts';

/** What @koa/router leaves in the context: the routes whose path matches, whatever their methods. */
interface Matched {
  readonly matched?: readonly { readonly methods: readonly string[] }[];
}

/** The order in which `Allow` names methods. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Throws 404 for a path that is not percent-encoded UTF-8: the parameters in it cannot be decoded, and so it names nothing. */
export const requireDecodable: HttpMiddleware = (ctx, next) => {
  if (!isDecodable(ctx.path)) throw new Problem('not-found');
  return next();
};

/**
 * Throws 404 for a path that no operation has, and 405 for a method that the operations of this path do not have. The router's own
 * `allowedMethods` would answer OPTIONS with 200, which is not in the contract.
 */
export function unmatched(ctx: HttpContext & Matched): never {
  const { matched = [] } = ctx;
  if (matched.length === 0) throw new Problem('not-found');
  const allowed = new Set(matched.flatMap(({ methods }) => methods));
  throw new Problem('method-not-allowed', {
    headers: { Allow: METHODS.filter((method) => allowed.has(method)).join(', ') },
  });
}

export function isDecodable(path: string): boolean {
  if (!path.includes('%')) return true;
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}
