import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ErasureStep } from '../../../src/application/ports/store.ts';
import { Retention } from '../../../src/application/erasure/retention.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestamp } from '../../../src/domain/timestamp.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../support/fakes.ts';

const HOUR = 3_600_000;
const STEP: ErasureStep = { messages: 2, statuses: 1, bodies: 2, bereft: 0, excerpts: 0, next: null };

type Answer = ErasureStep | 'busy' | Error;

/** Answers with each in turn, and with nothing to do after them. */
function retaining(days: number, ...answers: Answer[]) {
  const [metrics, logger, clock] = [
    recordingMetrics(),
    recordingLogger(),
    manualClock(timestamp('2026-01-31T12:00:00Z')),
  ];
  const rules: ErasureRule[] = [];
  const eraser = {
    eraseNext(rule: ErasureRule): Promise<ErasureStep | 'busy'> {
      rules.push(rule);
      const answer = answers.shift() ?? { ...STEP, messages: 0, statuses: 0, bodies: 0 };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  return { retention: new Retention({ eraser, metrics, clock, logger }, days), rules, metrics, logger, clock, answers };
}

describe('Retention', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('erases soon after the start what is older than so many days, and tells how much', async () => {
    const { retention, rules, metrics, logger } = retaining(
      30,
      { ...STEP, next: { in: 'statuses', after: '1' } },
      STEP,
    );
    retention.start();
    await jest.advanceTimersByTimeAsync(5_000);
    const before = timestamp('2026-01-01T12:00:00Z');
    expect(rules).toEqual(Array.from({ length: 2 }, () => ({ of: 'age', before, keepFrom: [], keepSince: null })));
    expect(metrics.erased).toEqual([2, 2]);
    expect(logger.lines).toEqual([
      { level: 'info', message: 'old messages were erased', fields: { messages: 4, statuses: 2, bodies: 4 } },
    ]);
    await retention.drain();
  });

  it('tells of statuses also where there were no messages', async () => {
    const { retention, logger } = retaining(30, { ...STEP, messages: 0, bodies: 0 });
    retention.start();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(logger.lines.map(({ fields }) => fields)).toEqual([{ messages: 0, statuses: 1, bodies: 0 }]);
    await retention.drain();
  });

  it('leaves the store to others for four times as long as a step takes', async () => {
    const began: number[] = [];
    const eraser = {
      async eraseNext(): Promise<ErasureStep> {
        began.push(performance.now());
        await new Promise((resolve) => setTimeout(resolve, 100));
        return { ...STEP, next: began.length < 3 ? { in: 'statuses', after: '1' } : null };
      },
    };
    const { metrics, logger, clock } = retaining(30);
    const retention = new Retention({ eraser, metrics, clock, logger }, 30);
    retention.start();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(began.map((at) => Math.round(at - (began[0] ?? 0)))).toEqual([0, 500, 1_000]);
    await retention.drain();
  });

  it('goes on doing so as time passes, and says nothing when there was nothing', async () => {
    const { retention, rules, logger, clock } = retaining(30);
    retention.start();
    await jest.advanceTimersByTimeAsync(5_000);
    clock.set(timestamp('2026-02-01T12:00:00Z'));
    await jest.advanceTimersByTimeAsync(HOUR);
    expect(rules.map((rule) => 'before' in rule && rule.before)).toEqual([
      timestamp('2026-01-01T12:00:00Z'),
      timestamp('2026-01-02T12:00:00Z'),
    ]);
    expect(logger.lines).toEqual([]);
    await retention.drain();
    await jest.advanceTimersByTimeAsync(3 * HOUR);
    expect(rules).toHaveLength(2);
  });

  it('logs a failure once, and tries again', async () => {
    const { retention, metrics, logger } = retaining(7, new Error('the disk is full'), STEP);
    retention.start();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: 'old messages could not be erased',
        fields: { messages: 0, reason: 'the disk is full' },
      },
    ]);
    await jest.advanceTimersByTimeAsync(HOUR);
    expect(metrics.erased).toEqual([2]);
    await retention.drain();
  });

  it('leaves the work to another process that is at it', async () => {
    const { retention, rules } = retaining(7, 'busy');
    retention.start();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(rules).toHaveLength(1);
    await retention.drain();
  });

  it('stops between two steps, without a word of failure', async () => {
    const endless = Array.from({ length: 1_000 }, (): ErasureStep => ({
      ...STEP,
      next: { in: 'statuses', after: '1' },
    }));
    const { retention, rules, logger, answers } = retaining(7, ...endless);
    retention.start();
    jest.advanceTimersByTime(1_000);
    await Promise.resolve();
    const draining = retention.drain();
    await jest.advanceTimersByTimeAsync(60_000);
    await draining;
    expect(rules.length).toBeGreaterThan(0);
    expect(answers.length).toBeGreaterThan(900);
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('keeps everything when it is given no days', async () => {
    const { retention, rules } = retaining(0);
    retention.start();
    await jest.advanceTimersByTimeAsync(3 * HOUR);
    expect(rules).toEqual([]);
    await retention.drain();
  });
});
