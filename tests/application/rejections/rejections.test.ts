import { describe, expect, it } from '@jest/globals';
import { inMemoryRejectionLog } from '../../support/in-memory-rejection-log.ts';
import { NO_TRACING } from '../../../src/adapters/telemetry/tracing/no-tracing.ts';
import type { RejectionLog } from '../../../src/application/ports/store.ts';
import { Rejections } from '../../../src/application/rejections/rejections.ts';
import { WEBHOOK } from '../../../src/domain/provider.ts';
import { timestamp, timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { rejection } from '../../adapters/persistence/contract/rejection-log-contract.ts';
import { turnOfTheLoop } from '../../adapters/persistence/contract/repository-fixtures.ts';
import {
  manualClock,
  manualTimer,
  recordingBackground,
  recordingLogger,
  recordingMetrics,
} from '../../support/fakes.ts';

const NOON = timestamp('2026-01-01T12:00:00Z');
const later = (seconds: number) => timestampFromMicros(NOON + BigInt(Math.round(seconds * 1e6)));

function recording(log: RejectionLog = inMemoryRejectionLog(), maxRows = 1_000) {
  const [metrics, logger, clock] = [recordingMetrics(), recordingLogger(), manualClock(NOON)];
  const timer = manualTimer();
  const background = recordingBackground();
  const ports = { log, metrics, clock, timer, logger, background, tracer: NO_TRACING };
  const rejections = new Rejections(ports, { maxRows, maxAgeDays: 2 });
  const record = (times: number): void => {
    for (let i = 0; i < times; i++) {
      rejections.record(WEBHOOK, 'wrong_digest', () => rejection({ receivedAt: clock.now() }));
    }
  };
  const kept = async (): Promise<number> => {
    await rejections.drain();
    return (await rejections.list({}, { offset: 0 }, 1)).total;
  };
  return { rejections, metrics, logger, background, clock, timer, record, kept };
}

describe('a flood', () => {
  it('is counted completely and kept in part: a burst, then some per second', async () => {
    const { record, kept, metrics, clock } = recording();
    record(10_000);
    expect(metrics.rejections).toHaveLength(10_000);
    expect(metrics.rejections[0]).toEqual({ provider: WEBHOOK, reason: 'wrong_digest' });
    expect(await kept()).toBe(50);
    clock.set(later(1));
    record(1_000);
    expect(await kept()).toBe(55);
    clock.set(later(3_600));
    record(1_000);
    expect(await kept()).toBe(105);
    clock.set(later(3_000)); // setting the clock back changes nothing
    record(1_000);
    expect(await kept()).toBe(105);
    clock.set(later(3_001));
    record(1_000);
    expect(await kept()).toBe(110);
  });

  it('is described only as far as it is kept, and only after the answer', async () => {
    const { rejections, timer } = recording();
    let described = 0;
    for (let i = 0; i < 500; i++) {
      rejections.record(WEBHOOK, 'schema', () => {
        described++;
        return rejection();
      });
    }
    expect(described).toBe(0);
    timer.pass(0);
    expect(described).toBe(50);
    await rejections.drain();
    expect(described).toBe(50);
  });

  it('is written soon, without a drain', async () => {
    const { rejections, record, timer } = recording();
    const total = async (): Promise<number> => (await rejections.list({}, { offset: 0 }, 1)).total;
    record(3);
    timer.pass(0);
    record(1); // joins the same write
    timer.pass(0);
    timer.pass(249);
    expect(await total()).toBe(0);
    timer.pass(1);
    await turnOfTheLoop();
    expect(await total()).toBe(4);
  });

  it('is one write', async () => {
    const log = inMemoryRejectionLog();
    let writes = 0;
    const { record, kept } = recording({
      ...log,
      add: (...args) => {
        writes++;
        return log.add(...args);
      },
    });
    record(30);
    expect(await kept()).toBe(30);
    expect(writes).toBe(1);
  });
});

describe('expiry', () => {
  it('happens every hour without new rejections, until the drain', async () => {
    const { rejections, record, timer, clock } = recording();
    const total = async (): Promise<number> => (await rejections.list({}, { offset: 0 }, 1)).total;
    record(3);
    timer.pass(0);
    timer.pass(250);
    await turnOfTheLoop();
    expect(await total()).toBe(3);
    clock.set(later(3 * 86_400));
    timer.pass(3_600_000);
    await turnOfTheLoop();
    expect(await total()).toBe(0);
    await rejections.drain();
    expect(timer.waiting()).toBe(0);
  });
});

describe('what is kept', () => {
  it('expires by number and by age', async () => {
    const { record, kept, clock } = recording(inMemoryRejectionLog(), 20);
    record(30);
    expect(await kept()).toBe(20);
    clock.set(later(2 * 86_400));
    expect(await kept()).toBe(20);
    clock.set(later(2 * 86_400 + 0.000_001));
    expect(await kept()).toBe(0);
  });

  it('is listed by filter and offset', async () => {
    const { rejections, record } = recording();
    record(3);
    await rejections.drain();
    const { rejections: page, total, hasMore } = await rejections.list({ reason: 'wrong_digest' }, { offset: 1 }, 1);
    expect([page.length, total, hasMore]).toEqual([1, 3, true]);
    expect((await rejections.list({ reason: 'schema' }, { offset: 0 }, 1)).total).toBe(0);
  });
});

describe('a store that is unavailable', () => {
  it('costs the rejections, a report and nothing else', async () => {
    const away = { ...inMemoryRejectionLog(), add: () => Promise.reject(new Error('disk full')) };
    const { record, rejections, background } = recording(away);
    record(3);
    await rejections.drain();
    record(2);
    await rejections.drain();
    expect(background.results).toEqual(['rejections: disk full']);
  });
});

describe('a store that is slow', () => {
  /** A log whose writes stay pending until the test settles them. */
  function slow() {
    const held: { readonly size: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
    const log: RejectionLog = {
      ...inMemoryRejectionLog(),
      add: ({ length: size }) => new Promise((resolve, reject) => void held.push({ size, resolve, reject })),
    };
    return { held, ...recording(log) };
  }

  it('gets one write at a time; the next write contains everything recorded meanwhile', async () => {
    const { held, record, rejections } = slow();
    record(1);
    const drained = [rejections.drain()];
    await turnOfTheLoop();
    for (let i = 0; i < 10; i++) {
      record(1);
      drained.push(rejections.drain());
      await turnOfTheLoop();
    }
    expect(held.map(({ size }) => size)).toEqual([1]);
    held[0]?.reject(new Error('too late'));
    await turnOfTheLoop();
    expect(held.map(({ size }) => size)).toEqual([1, 10]);
    held[1]?.resolve();
    await Promise.all(drained);
    expect(held).toHaveLength(2);
  });

  it('causes a backlog of at most 1,000', async () => {
    const { held, record, rejections, metrics, clock, timer } = slow();
    record(1);
    const drained = rejections.drain();
    await turnOfTheLoop();
    for (let hour = 1; hour <= 100; hour++) {
      clock.set(later(hour * 3_600));
      record(50);
      timer.pass(0);
      await turnOfTheLoop();
    }
    expect(metrics.rejections).toHaveLength(5_001);
    held[0]?.resolve();
    await turnOfTheLoop();
    expect(held.map(({ size }) => size)).toEqual([1, 1_000]);
    held[1]?.resolve();
    await drained;
  });
});

describe('a description that fails', () => {
  it('costs that rejection, one log line and nothing else', async () => {
    const { rejections, record, logger, kept } = recording();
    rejections.record(WEBHOOK, 'schema', () => {
      throw new Error('not of this form');
    });
    record(1);
    expect(await kept()).toBe(1);
    expect(logger.lines).toEqual([
      { level: 'error', message: 'a rejection could not be described', fields: { reason: 'not of this form' } },
    ]);
  });
});
