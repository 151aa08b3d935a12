import { RateLimiterMemory } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;

/** Counts events of each address in its current minute, which begins with its first event. */
export interface AddressCounter {
  /** Counts one event. Returns the seconds until the minute ends, at least 1, if it exceeds the limit; else null. */
  count(address: string): Promise<number | null>;
  /** Returns what the next `count` would return, without counting. */
  peek(address: string): Promise<number | null>;
}

/**
 * Counts in the memory of this process, some 600 bytes per address, for up to `maxAddresses` addresses. One more replaces the address whose
 * minute began first, so that a flood from millions of addresses takes no more memory.
 */
export function addressCounter(perMinute: number, maxAddresses: number): AddressCounter {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  /** The counted addresses in the order in which their minutes began. */
  const counted = new Set<string>();

  async function makeRoomFor(address: string): Promise<void> {
    counted.delete(address);
    counted.add(address);
    if (counted.size <= maxAddresses) return;
    const [oldest = ''] = counted;
    counted.delete(oldest);
    await limiter.delete(oldest);
  }

  return {
    async count(address) {
      const { consumedPoints, isFirstInDuration, msBeforeNext } = await limiter.penalty(address);
      if (isFirstInDuration) await makeRoomFor(address);
      return consumedPoints > perMinute ? wholeSeconds(msBeforeNext) : null;
    },
    async peek(address) {
      const found = await limiter.get(address);
      return found !== null && found.consumedPoints >= perMinute && found.msBeforeNext > 0
        ? wholeSeconds(found.msBeforeNext)
        : null;
    },
  };
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
