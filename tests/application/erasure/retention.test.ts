import { describe, expect, it } from '@jest/globals';
import type { ErasureStep, ExpiryStore } from '../../../src/application/ports/store.ts';
import { Retention } from '../../../src/application/erasure/retention.ts';
import { turnOfTheLoop } from '../../adapters/persistence/contract/repository-fixtures.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestamp, timestampFromMicros, type Timestamp } from '../../../src/domain/timestamp.ts';
import {
  manualClock,
  manualTimer,
  recordingBackground,
  recordingLogger,
  recordingMetrics,
} from '../../support/fakes.ts';

const HOUR = 3_600_000;
const STEP: ErasureStep = { messages: 2, statuses: 1, bodies: 2, bereft: 0, excerpts: 0, next: null };

/** A store that the guard does not object to. */
const NOTHING_TO_CHECK: Omit<ExpiryStore, 'eraseNext'> = {
  serverTime: () => Promise.resolve(null),
  outlook: () => Promise.resolve({ messages: 0, reach: 0, latestReceipts: [] }),
  countNext: () => Promise.resolve({ count: 0, next: null }),
};

type Answer = ErasureStep | 'busy' | Error;

/** A retention whose eraser gives these answers in turn, and then has nothing to do. */
function retaining(days: number, ...answers: Answer[]) {
  const [metrics, logger, background] = [recordingMetrics(), recordingLogger(), recordingBackground()];
  const [clock, timer] = [manualClock(timestamp('2026-01-31T12:00:00Z')), manualTimer()];
  const rules: ErasureRule[] = [];
  const store = {
    ...NOTHING_TO_CHECK,
    eraseNext(rule: ErasureRule): Promise<ErasureStep | 'busy'> {
      rules.push(rule);
      const answer = answers.shift() ?? { ...STEP, messages: 0, statuses: 0, bodies: 0 };
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const pass = async (milliseconds: number): Promise<void> => {
    for (let passed = 0; passed < milliseconds; passed += 100) {
      timer.pass(Math.min(100, milliseconds - passed));
      await turnOfTheLoop();
    }
  };
  const retention = new Retention({ store, metrics, clock, timer, logger, background }, days);
  return { retention, rules, metrics, logger, background, clock, timer, answers, pass };
}

describe('Retention', () => {
  it('erases messages older than the number of days soon after the start, and logs how many', async () => {
    const { retention, rules, metrics, logger, pass } = retaining(
      30,
      { ...STEP, next: { in: 'statuses', after: '1' } },
      STEP,
    );
    retention.start();
    await pass(5_000);
    const before = timestamp('2026-01-01T12:00:00Z');
    expect(rules).toEqual(Array.from({ length: 2 }, () => ({ of: 'age', before, keepFrom: [], keepSince: null })));
    expect(metrics.erased).toEqual([2, 2]);
    expect(logger.lines).toEqual([
      { level: 'info', message: 'old messages were erased', fields: { messages: 4, statuses: 2, bodies: 4 } },
    ]);
    await retention.drain();
  });

  it('logs erased statuses even without messages', async () => {
    const { retention, logger, pass } = retaining(30, { ...STEP, messages: 0, bodies: 0 });
    retention.start();
    await pass(5_000);
    expect(logger.lines.map(({ fields }) => fields)).toEqual([{ messages: 0, statuses: 1, bodies: 0 }]);
    await retention.drain();
  });

  it('leaves the store to other work for four times the duration of a step', async () => {
    const began: number[] = [];
    const store = {
      ...NOTHING_TO_CHECK,
      async eraseNext(): Promise<ErasureStep> {
        began.push(timer.elapsed());
        await new Promise<void>((resolve) => timer.after(100, resolve));
        return { ...STEP, next: began.length < 3 ? { in: 'statuses', after: '1' } : null };
      },
    };
    const { metrics, logger, background, clock, timer, pass } = retaining(30);
    const retention = new Retention({ store, metrics, clock, timer, logger, background }, 30);
    retention.start();
    await pass(5_000);
    expect(began.map((at) => at - (began[0] ?? 0))).toEqual([0, 500, 1_000]);
    await retention.drain();
  });

  it('erases again every hour, and logs nothing if there was nothing to erase', async () => {
    const { retention, rules, logger, clock, pass } = retaining(30);
    retention.start();
    await pass(5_000);
    clock.set(timestamp('2026-01-31T13:00:00Z'));
    await pass(HOUR);
    expect(rules.map((rule) => 'before' in rule && rule.before)).toEqual([
      timestamp('2026-01-01T12:00:00Z'),
      timestamp('2026-01-01T13:00:00Z'),
    ]);
    expect(logger.lines).toEqual([]);
    await retention.drain();
    await pass(3 * HOUR);
    expect(rules).toHaveLength(2);
  });

  it('reports a failure, retries after a minute, and reports that it works again', async () => {
    const { retention, metrics, background, pass } = retaining(7, new Error('the disk is full'), STEP);
    retention.start();
    await pass(5_000);
    expect(background.results).toEqual(['retention: the disk is full']);
    await pass(60_000);
    expect(metrics.erased).toEqual([2]);
    expect(background.results).toEqual(['retention: the disk is full', 'retention: ok']);
    await retention.drain();
  });

  it('leaves the work to another process that is erasing', async () => {
    const { retention, rules, pass } = retaining(7, 'busy');
    retention.start();
    await pass(60_000);
    expect(rules).toHaveLength(1);
    await retention.drain();
  });

  it('stops between two steps without reporting a failure', async () => {
    const endless = Array.from({ length: 1_000 }, (): ErasureStep => ({
      ...STEP,
      next: { in: 'statuses', after: '1' },
    }));
    const { retention, rules, background, logger, answers, timer, pass } = retaining(7, ...endless);
    retention.start();
    timer.pass(1_000);
    await turnOfTheLoop();
    await retention.drain();
    await pass(60_000);
    expect(rules.length).toBeGreaterThan(0);
    expect(answers.length).toBeGreaterThan(900);
    expect(background.results).toEqual([]);
    expect(logger.lines).toEqual([
      { level: 'info', message: 'old messages were erased', fields: expect.objectContaining({ stopped: true }) },
    ]);
  });

  it('keeps everything if the number of days is 0', async () => {
    const { retention, rules, pass } = retaining(0);
    retention.start();
    await pass(3 * HOUR);
    expect(rules).toEqual([]);
    await retention.drain();
  });
});

/** Retention over messages of these ages in days, with a clock that may be wrong. */
function guarded(
  ages: readonly number[],
  { days = 30, clockAheadDays = 0, serverAheadDays = null as number | null, kept = 0 } = {},
) {
  const [metrics, logger, timer] = [recordingMetrics(), recordingLogger(), manualTimer()];
  const right = timestamp('2026-01-31T12:00:00Z');
  const at = (daysLater: number): Timestamp =>
    timestampFromMicros(right + BigInt(Math.round(daysLater * 86_400)) * 1_000_000n);
  const clock = manualClock(at(clockAheadDays));
  let stored = ages.map((age) => at(-age));
  const store: ExpiryStore = {
    serverTime: () => Promise.resolve(serverAheadDays === null ? null : at(serverAheadDays)),
    // `kept` more messages are within reach by their timestamps, and were received recently.
    outlook: ({ before }) =>
      Promise.resolve({
        messages: stored.length + kept,
        reach: stored.filter((one) => one < before).length + kept,
        latestReceipts: stored.slice(0, 1_000),
      }),
    countNext: ({ before }) => Promise.resolve({ count: stored.filter((one) => one < before).length, next: null }),
    eraseNext({ before }) {
      const messages = stored.filter((one) => one < before).length;
      stored = stored.filter((one) => one >= before);
      return Promise.resolve({ ...STEP, messages, statuses: 0, next: null });
    },
  };
  const retention = new Retention({ store, metrics, clock, timer, logger, background: recordingBackground() }, days);
  const hours = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      timer.pass(HOUR);
      clock.set(timestampFromMicros(clock.now() + 3_600_000_000n));
      for (let turn = 0; turn < 5; turn++) await turnOfTheLoop();
    }
  };
  return {
    ...{ metrics, logger, clock, at, hours },
    left: () => stored.length,
    receive: (ofAges: readonly number[]) => (stored = [...ofAges.map((age) => at(-age)), ...stored]),
    purge: () =>
      (stored = stored.filter((one) => one >= timestampFromMicros(clock.now() - BigInt(days) * 86_400_000_000n))),
    firstRun: async (): Promise<void> => {
      retention.start();
      timer.pass(1_000);
      for (let turn = 0; turn < 5; turn++) await turnOfTheLoop();
    },
  };
}

const daily = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const many = (count: number, age: number): number[] => Array.from({ length: count }, () => age);

describe('Retention with a clock that may be wrong', () => {
  it.each([
    ['a few messages, years ahead', [1, 2, 3], 1_095],
    ['many messages, years ahead', many(10_000, 1), 1_095],
    ['many messages, a month ahead', many(10_000, 1), 31],
    ['most of many messages, some days ahead', [...many(2_000, 25), ...many(1_900, 1)], 10],
    ['one message', [0], 31],
  ])('erases none of %s, and says so once', async (_, ages, clockAheadDays) => {
    const { firstRun, hours, left, logger, metrics } = guarded(ages, { clockAheadDays });
    await firstRun();
    await hours(48);
    expect(left()).toBe(ages.length);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: expect.stringContaining('purge --before 30d'),
        fields: expect.objectContaining({ messages: ages.length }),
      },
    ]);
    expect(new Set(metrics.blocked)).toEqual(new Set([true]));
    expect(metrics.erased).toEqual([]);
  });

  it('is not misled by messages that were received by the wrong clock', async () => {
    const { firstRun, hours, left, receive } = guarded(daily(20), { clockAheadDays: 1_095 });
    receive(many(10, -1_095));
    await firstRun();
    await hours(3);
    expect(left()).toBe(30);
  });

  it.each([
    ['a part that is old', daily(60), 30],
    ['few, without a gap', [...many(5, 0), ...daily(100)], 30 + 5],
    ['what expired while it was stopped for two weeks', daily(60).map((age) => age + 14), 16],
  ])('erases %s', async (_, ages, remaining) => {
    const { firstRun, left, metrics } = guarded(ages);
    await firstRun();
    expect(left() - remaining).toBeLessThanOrEqual(1);
    expect(metrics.blocked).toEqual([false]);
  });

  it('counts exactly before it objects, because old timestamps alone erase nothing', async () => {
    const { firstRun, metrics } = guarded([0, 40], { kept: 5_000 });
    await firstRun();
    expect(metrics.blocked).toEqual([false]);
  });

  it('resumes after an operator has erased the messages', async () => {
    const { firstRun, hours, left, purge, receive, metrics } = guarded(many(2_000, 100));
    await firstRun();
    expect(metrics.blocked).toEqual([true]);
    purge();
    receive(many(3, 0));
    await hours(1);
    expect(metrics.blocked.at(-1)).toBe(false);
    await hours(24 * 31);
    expect(left()).toBe(0); // nothing else was received, and the time has passed while the process ran
  });

  it('erases nothing while the clock is ahead of the time that has passed', async () => {
    const { firstRun, hours, left, clock, logger, metrics, at } = guarded(daily(29));
    await firstRun();
    clock.set(at(20));
    await hours(3);
    expect(left()).toBe(29);
    expect(metrics.blocked).toEqual([false, true, true, true]);
    expect(logger.lines).toEqual([
      {
        level: 'error',
        message: expect.stringContaining('the clock was set ahead'),
        fields: expect.objectContaining({ retention_days: 30 }),
      },
    ]);
    clock.set(at(3 / 24));
    await hours(1);
    expect(metrics.blocked.at(-1)).toBe(false);
  });

  it.each([
    ['its own', 0, 1_095],
    ["the database's", 1_095, 0],
  ])('goes by %s clock if that is earlier, and warns once', async (_, clockAheadDays, serverAheadDays) => {
    const { firstRun, hours, left, logger, metrics } = guarded(daily(60), { clockAheadDays, serverAheadDays });
    await firstRun();
    await hours(2);
    expect(left()).toBeGreaterThanOrEqual(30);
    expect(metrics.blocked).not.toContain(true);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });
});
