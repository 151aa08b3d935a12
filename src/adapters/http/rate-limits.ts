import type { IncomingMessage } from 'node:http';
import type { Metrics } from '../../application/ports.ts';
import { addressCounter } from './address-counter.ts';
import { Problem } from './problem.ts';
import type { Visit } from './visit.ts';

/** Counted at a time by each limit. */
const MAX_ADDRESSES = 20_000;

/** What one address may do in a minute; 0: as much as it likes. */
export interface RateLimitOptions {
  readonly badSignaturesPerMinute: number;
  readonly readsPerMinute: number;
  readonly webhooksPerMinute: number;
}

export interface RateLimit {
  /** Counts one more. Throws the 429 when it is one too many. */
  count(visit: Visit): Promise<void>;
  /** Seconds until one more would not be too many; null: it would not be now. Counts nothing. */
  wait(visit: Visit): Promise<number | null>;
  /** The 429 to answer with, which goes into the log and the metrics. */
  refusal(visit: Visit, seconds: number, headers?: Readonly<Record<string, string>>): Problem;
}

export type RateLimits = Readonly<Record<'badSignatures' | 'reads' | 'webhooks', RateLimit>>;

/** Limits of this process, each counted by the address that `addressOf` gives (docs/adr/0012). */
export function rateLimits(
  options: RateLimitOptions,
  addressOf: (request: IncomingMessage) => string,
  metrics: Metrics,
): RateLimits {
  function rateLimit(kind: string, perMinute: number): RateLimit {
    const counter = perMinute === 0 ? null : addressCounter(perMinute, MAX_ADDRESSES);
    const refusal: RateLimit['refusal'] = (visit, seconds, headers = {}) => {
      visit.log['rate_limit'] = kind;
      visit.log['client'] = addressOf(visit.ctx.req);
      metrics.rateLimited(kind);
      return new Problem('too-many-requests', { headers: { 'Retry-After': String(seconds), ...headers } });
    };
    return {
      refusal,
      async count(visit) {
        const seconds = (await counter?.count(addressOf(visit.ctx.req))) ?? null;
        if (seconds !== null) throw refusal(visit, seconds);
      },
      async wait(visit) {
        return (await counter?.peek(addressOf(visit.ctx.req))) ?? null;
      },
    };
  }
  return {
    badSignatures: rateLimit('bad_signatures', options.badSignaturesPerMinute),
    reads: rateLimit('reads', options.readsPerMinute),
    webhooks: rateLimit('webhooks', options.webhooksPerMinute),
  };
}
