import { timingSafeEqual } from 'node:crypto';
import type { RateLimits } from './rate-limits.ts';
import { digest } from './secret-compare.ts';
import { Problem } from '../problem.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/**
 * The check of the security scheme for reads: one of the keys, if there are any, and not too many reads from one address. Reads count before the
 * key is checked, because the answer to an excessive guess must not reveal whether it was right. For the metrics only wrong keys
 * count, because they must stay available under overload. Throws the Problem.
 */
export function readCheck(keys: readonly string[], limits: RateLimits): (request: RequestContext) => Promise<void> {
  const checkKey = readKeyCheck(keys);
  return async (request) => {
    const isMetrics = request.route === '/metrics';
    await (isMetrics ? limits.wrongKeys.check(request) : limits.reads.count(request));
    try {
      checkKey(request.ctx.get('Authorization'));
    } catch (error) {
      if (isMetrics) await limits.wrongKeys.count(request);
      throw error;
    }
  };
}

/**
 * Checks `Authorization: Bearer` against the read keys; with none configured, reading is open. Keys are compared as
 * digests, each in constant time and all of them always, so that the time tells nothing about any key.
 */
export function readKeyCheck(keys: readonly string[]): (authorization: string | undefined) => void {
  const digests = keys.map(digest);
  return (authorization) => {
    if (digests.length === 0) return;
    const token = digest(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    // Without a branch: to append a matching key to a list takes time at its place among the keys.
    const matches = digests.reduce((found, key) => found | Number(timingSafeEqual(key, token)), 0);
    if (matches === 0) {
      throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer realm="webhook-inbox"' } });
    }
  };
}
