import { describe, expect, it } from '@jest/globals';
import type { ErasureStep } from '../../../src/application/ports/store.ts';
import { Retention } from '../../../src/application/erasure/retention.ts';
import { turnOfTheLoop } from '../../adapters/persistence/contract/repository-fixtures.ts';
import type { ErasureRule } from '../../../src/domain/erasure-rule.ts';
import { timestamp } from '../../../src/domain/timestamp.ts';
import {
  manualClock,
  manualTimer,
  recordingBackground,
  recordingLogger,
  recordingMetrics,
} from '../../support/fakes.ts';

const HOUR = 3_600_000;
const STEP: ErasureStep = { messages: 2, statuses: 1, bodies: 2, bereft: 0, excerpts: 0, next: null };

type Answer = ErasureStep | 'busy' | Error;

/** A retention whose eraser gives these answers in turn, and then has nothing to do. */
function retaining(days: number, ...answers: Answer[]) {
  const [metrics, logger, background] = [recordingMetrics(), recordingLogger(), recordingBackground()];
  const [clock, timer] = [manualClock(timestamp('2026-01-31T12:00:00Z')), manualTimer()];
  const rules: ErasureRule[] = [];
  const eraser = {
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
  const retention = new Retention({ eraser, metrics, clock, timer, logger, background }, days);
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
    const eraser = {
      async eraseNext(): Promise<ErasureStep> {
        began.push(timer.elapsed());
        await new Promise<void>((resolve) => timer.after(100, resolve));
        return { ...STEP, next: began.length < 3 ? { in: 'statuses', after: '1' } : null };
      },
    };
    const { metrics, logger, background, clock, timer, pass } = retaining(30);
    const retention = new Retention({ eraser, metrics, clock, timer, logger, background }, 30);
    retention.start();
    await pass(5_000);
    expect(began.map((at) => at - (began[0] ?? 0))).toEqual([0, 500, 1_000]);
    await retention.drain();
  });

  it('erases again every hour, and logs nothing if there was nothing to erase', async () => {
    const { retention, rules, logger, clock, pass } = retaining(30);
    retention.start();
    await pass(5_000);
    clock.set(timestamp('2026-02-01T12:00:00Z'));
    await pass(HOUR);
    expect(rules.map((rule) => 'before' in rule && rule.before)).toEqual([
      timestamp('2026-01-01T12:00:00Z'),
      timestamp('2026-01-02T12:00:00Z'),
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
    const { retention, rules, background, answers, timer, pass } = retaining(7, ...endless);
    retention.start();
    timer.pass(1_000);
    await turnOfTheLoop();
    await retention.drain();
    await pass(60_000);
    expect(rules.length).toBeGreaterThan(0);
    expect(answers.length).toBeGreaterThan(900);
    expect(background.results).toEqual([]);
  });

  it('keeps everything if the number of days is 0', async () => {
    const { retention, rules, pass } = retaining(0);
    retention.start();
    await pass(3 * HOUR);
    expect(rules).toEqual([]);
    await retention.drain();
  });
});
