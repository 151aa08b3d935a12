import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FOLLOW_STEP, follower } from '../../../../src/adapters/persistence/counters/derived-data-worker.ts';

describe('what follows behind the writes', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('takes a step at once when there is enough for one, else soon, also for what came during the last step', async () => {
    const steps: ((taken: number) => void)[] = [];
    const following = follower(() => new Promise((resolve) => void steps.push(resolve)));
    following.stored(FOLLOW_STEP);
    expect(steps).toHaveLength(1);
    following.stored(1);
    steps[0]?.(0);
    await jest.advanceTimersByTimeAsync(999);
    expect(steps).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(steps).toHaveLength(2);
    steps[1]?.(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(steps).toHaveLength(2);
    await following.stop();
  });
});
