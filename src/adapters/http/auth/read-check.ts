import type { RateLimits } from './rate-limits.ts';
import { readKeyCheck } from './security.ts';
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
