import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  DERIVE_STEP,
  derivedDataWorker,
  derivedDataWorkers,
  UNOBSERVED,
} from '../../../../src/adapters/persistence/ingest/derived-data-worker.ts';
import { recordingBackground } from '../../../support/fakes.ts';

describe('the derived-data worker', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('runs a step immediately if one is full, otherwise after a second, also for messages stored during the last step', async () => {
    const steps: ((taken: number) => void)[] = [];
    const step = () => new Promise<number>((resolve) => void steps.push(resolve));
    const worker = derivedDataWorker('counters', step, UNOBSERVED);
    worker.stored(DERIVE_STEP);
    expect(steps).toHaveLength(1);
    worker.stored(1);
    steps[0]?.(0);
    await jest.advanceTimersByTimeAsync(999);
    expect(steps).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(steps).toHaveLength(2);
    steps[1]?.(1);
    await jest.advanceTimersByTimeAsync(59_000);
    expect(steps).toHaveLength(2);
    await worker.stop();
  });

  it('retries a failed step after 1 s, 2 s, 4 s and so on up to a minute, whatever is stored meanwhile', async () => {
    const began: number[] = [];
    const background = recordingBackground();
    let failing = true;
    const step = () => {
      began.push(Date.now());
      return failing ? Promise.reject(new Error('damaged')) : Promise.resolve(0);
    };
    const worker = derivedDataWorker('search_index', step, background);
    worker.stored(DERIVE_STEP);
    for (let second = 0; second < 200; second++) {
      await jest.advanceTimersByTimeAsync(1_000);
      worker.stored(DERIVE_STEP);
    }
    expect(began.map((at) => (at - (began[0] ?? 0)) / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(background.results).toEqual(['search_index: damaged']);
    failing = false;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(background.results).toEqual(['search_index: damaged', 'search_index: ok']);
    await worker.stop();
  });

  it('looks once a minute whether the step would work, even if nothing is stored', async () => {
    const background = recordingBackground();
    let damaged = false;
    const step = () => (damaged ? Promise.reject(new Error('damaged')) : Promise.resolve(0));
    const worker = derivedDataWorker('search_index', step, background);
    await worker.caughtUp();
    damaged = true;
    await jest.advanceTimersByTimeAsync(59_000);
    expect(background.results).toEqual(['search_index: ok']);
    await jest.advanceTimersByTimeAsync(1_000);
    expect(background.results).toEqual(['search_index: ok', 'search_index: damaged']);
    await worker.stop();
  });
});

describe('the derived-data workers', () => {
  it('run on their own: a step that fails stops no other', async () => {
    const background = recordingBackground();
    let counted = 0;
    const workers = derivedDataWorkers(
      {
        search_index: () => Promise.reject(new Error('damaged')),
        counters: () => Promise.resolve(counted++ < 3 ? DERIVE_STEP : 0),
      },
      background,
    );
    await workers.caughtUp();
    expect(counted).toBe(4);
    expect([...background.results].sort()).toEqual(['counters: ok', 'search_index: damaged']);
    await workers.stop();
  });
});
