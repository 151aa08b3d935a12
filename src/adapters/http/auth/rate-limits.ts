import type { IncomingMessage } from 'node:http';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import { addressCounter } from './address-counter.ts';
import { Problem } from '../problem.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/** The maximum of addresses that each limit counts at a time. */
const MAX_ADDRESSES = 20_000;

/** What one address may do in a minute; 0 for no limit. */
export interface RateLimitOptions {
  readonly badSignaturesPerMinute: number;
  readonly readsPerMinute: number;
  readonly webhooksPerMinute: number;
}

export interface RateLimit {
  /** Counts one request. Throws the 429 if it exceeds the limit. */
  count(request: RequestContext): Promise<void>;
  /** Throws the 429 if one more request would exceed the limit. Counts nothing. */
  check(request: RequestContext): Promise<void>;
}

export type RateLimits = Readonly<Record<'badSignatures' | 'reads' | 'wrongKeys' | 'webhooks', RateLimit>>;

/** Creates the limits of this process. Each counts by the address that `addressOf` returns (docs/adr/0012). */
export function rateLimits(
  options: RateLimitOptions,
  addressOf: (request: IncomingMessage) => string,
  metrics: Metrics,
): RateLimits {
  function rateLimit(kind: string, perMinute: number): RateLimit {
    const counter = perMinute === 0 ? null : addressCounter(perMinute, MAX_ADDRESSES);
    const refuseAfter = (question: 'count' | 'peek') => async (request: RequestContext) => {
      if (counter === null) return;
      const client = addressOf(request.ctx.req);
      const seconds = await counter[question](client);
      if (seconds === null) return;
      Object.assign(request.log, { rate_limit: kind, client });
      metrics.rateLimited(kind);
      throw new Problem('too-many-requests', { headers: { 'Retry-After': String(seconds) } });
    };
    return { count: refuseAfter('count'), check: refuseAfter('peek') };
  }
  return {
    badSignatures: rateLimit('bad_signatures', options.badSignaturesPerMinute),
    reads: rateLimit('reads', options.readsPerMinute),
    wrongKeys: rateLimit('wrong_keys', options.readsPerMinute),
    webhooks: rateLimit('webhooks', options.webhooksPerMinute),
  };
}
