import type { RateLimits } from './rate-limits.ts';
import { readKeyCheck } from './security.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/**
 * What the security scheme of reads asks for: one of the keys, where there are any, and not too many reads from one address, which
 * count before the key is looked at: the answer to a guess that is too many must not tell whether it was right. Of the
 * metrics only wrong keys count, for they must be there when all else is too much. Throws the Problem.
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
