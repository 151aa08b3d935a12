import type { Timer } from '../../../application/ports/time.ts';

/** Lets a few in at a time; the others wait in a line. */
export interface Turnstile {
  /** Resolves with true when it is the caller's turn, who must call `leave` once; with false if the line is too long or too slow. */
  readonly enter: () => Promise<boolean>;
  readonly leave: () => void;
}

export interface TurnstileLimits {
  readonly maxInside: number;
  readonly maxWaiting: number;
  /** How long to wait at most, in ms. */
  readonly patience: number;
}

/** Nobody overtakes: those who wait go in in their order. */
export function turnstile({ maxInside, maxWaiting, patience }: TurnstileLimits, timer: Timer): Turnstile {
  const waiting = new Set<() => void>();
  let inside = 0;
  return {
    enter() {
      if (inside < maxInside) {
        inside++;
        return Promise.resolve(true);
      }
      if (waiting.size >= maxWaiting) return Promise.resolve(false);
      return new Promise((resolve) => {
        const goIn = (): void => {
          stopWaiting();
          resolve(true);
        };
        const stopWaiting = timer.after(patience, () => {
          waiting.delete(goIn);
          resolve(false);
        });
        waiting.add(goIn);
      });
    },
    leave() {
      const [next] = waiting;
      if (next === undefined) {
        inside--;
        return;
      }
      waiting.delete(next);
      next();
    },
  };
}
