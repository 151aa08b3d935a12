import { setTimeout as delay } from 'node:timers/promises';

export interface Pace {
  /** At a time. */
  readonly concurrency: number;
  /** Begun each second, at most. */
  readonly rate?: number | undefined;
  /** Starts no further sends; sends in flight continue. */
  readonly signal: AbortSignal;
}

/** Runs the work for each number below `count`. Resolves when all started work is done; rejects with the first error. */
export async function paced(count: number, pace: Pace, work: (i: number) => Promise<void>): Promise<void> {
  const { concurrency, rate, signal } = pace;
  const started = performance.now();
  const faults: unknown[] = [];
  let next = 0;
  const over = (): boolean => next >= count || signal.aborted || faults.length > 0;

  async function worker(): Promise<void> {
    while (!over()) {
      const i = next++;
      try {
        if (rate !== undefined) await until(started + (i / rate) * 1_000, signal);
        await work(i);
      } catch (error) {
        if (error !== signal.reason) faults.push(error);
      }
    }
  }

  await Promise.all(Array.from({ length: Math.min(concurrency, count) }, worker));
  if (faults.length > 0) throw faults[0];
}

async function until(instant: number, signal: AbortSignal): Promise<void> {
  const wait = instant - performance.now();
  if (wait <= 0) return;
  await delay(wait, undefined, { signal }).catch(() => {
    signal.throwIfAborted();
  });
}
