/** Choices that a seed repeats. Instants it does not: those are the machine's. */
export interface Random {
  /** A whole number from 0 to below the limit. */
  below(limit: number): number;
}

/** Mulberry32: small, and even enough to choose messages and moments with. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    below(limit) {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
    },
  };
}
