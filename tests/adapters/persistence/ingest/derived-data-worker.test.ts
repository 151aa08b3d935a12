import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DERIVE_STEP, derivedDataWorker } from '../../../../src/adapters/persistence/ingest/derived-data-worker.ts';

describe('the derived-data worker', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs a step immediately if one is full, otherwise after a second, also for messages stored during the last step', async () => {
    const steps: ((taken: number) => void)[] = [];
    const worker = derivedDataWorker(() => new Promise((resolve) => void steps.push(resolve)));
    worker.stored(DERIVE_STEP);
    expect(steps).toHaveLength(1);
    worker.stored(1);
    steps[0]?.(0);
    await jest.advanceTimersByTimeAsync(999);
    expect(steps).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(steps).toHaveLength(2);
    steps[1]?.(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(steps).toHaveLength(2);
    await worker.stop();
  });
});
