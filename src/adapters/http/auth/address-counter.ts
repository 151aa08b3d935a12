import { RateLimiterMemory } from 'rate-limiter-flexible';

const WINDOW_SECONDS = 60;

/** How often each address has done a thing in its present minute, which begins with the first time. */
export interface AddressCounter {
  /** Once more. Gives the seconds until the minute is over, at least 1, when that was once too often; else null. */
  count(address: string): Promise<number | null>;
  /** What the next time would come to, which is not counted. */
  peek(address: string): Promise<number | null>;
}

/**
 * Counts in the memory of this process, some 600 bytes for each address. At most `maxAddresses` of them: the one whose minute began
 * first makes room for one more and begins anew, so that a flood from millions of addresses costs no more memory.
 */
export function addressCounter(perMinute: number, maxAddresses: number): AddressCounter {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS });
  /** In the order in which their minutes began. */
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
