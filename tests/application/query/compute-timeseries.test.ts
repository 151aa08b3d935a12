import { describe, expect, it } from '@jest/globals';
import { NO_TRACING } from '../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import {
  ComputeTimeseries,
  MAX_BUCKETS,
  type Timeseries,
  type TimeseriesQuestion,
} from '../../../src/application/query/compute-timeseries.ts';
import type { MessageRepository } from '../../../src/application/ports/store.ts';
import { newMessage, type Msisdn } from '../../../src/domain/message.ts';
import { FIRST_TIMESTAMP, formatTimestamp, timestamp } from '../../../src/domain/timestamp.ts';
import { manualClock } from '../../support/fakes.ts';

const NOW = timestamp('2025-01-15T10:20:30.5Z');

async function asked(question: TimeseriesQuestion, now = NOW) {
  const repository = inMemoryMessageRepository();
  await repository.add(
    ['+1', '+2'].map((from) =>
      newMessage({ messageId: from, from, to: '+3', sentAt: timestamp('2025-01-15T10:20:00Z'), text: null }),
    ),
  );
  return new ComputeTimeseries({ reader: repository, clock: manualClock(now), tracer: NO_TRACING }).execute(question);
}

const counted = (answer: Timeseries | string): Timeseries => {
  if (typeof answer === 'string') throw new Error(answer);
  return answer;
};

describe('execute', () => {
  it.each([
    ['minute', '2025-01-15T09:21:00Z', 60],
    ['hour', '2025-01-13T11:00:00Z', 48],
    ['day', '2024-12-17T00:00:00Z', 30],
  ] as const)('goes by the %s from %s to now when nobody says', async (bucket, since, buckets) => {
    const { counts, ...range } = counted(await asked({ bucket }));
    expect(range).toEqual({ since: timestamp(since), until: NOW });
    expect(counts).toHaveLength(buckets);
    expect(counts.at(-1)?.count).toBe(2);
  });

  it('counts back from the given end instead of now, and stops at the first instant', async () => {
    const until = timestamp('2020-05-05T05:05:05Z');
    expect(formatTimestamp(counted(await asked({ bucket: 'day', until })).since)).toBe('2020-04-06T00:00:00Z');
    const early = counted(await asked({ bucket: 'day', until: timestamp('0000-01-01T00:00:01Z') }));
    expect([early.since, early.counts.length]).toEqual([FIRST_TIMESTAMP, 1]);
  });

  it('counts one sender', async () => {
    const { counts } = counted(await asked({ bucket: 'minute', from: '+2' as Msisdn }));
    expect(counts.at(-1)?.count).toBe(1);
  });

  it('rejects an empty range and too many buckets without reading the store', async () => {
    const repository = {} as MessageRepository; // every call would throw
    const compute = new ComputeTimeseries({ reader: repository, clock: manualClock(NOW), tracer: NO_TRACING });
    expect(await compute.execute({ bucket: 'day', since: NOW })).toBe('empty_range');
    expect(await compute.execute({ bucket: 'day', until: FIRST_TIMESTAMP })).toBe('empty_range');
    const since = timestamp('2025-01-15T00:00:30Z');
    const until = timestamp('2025-01-16T01:00:00.000001Z');
    expect(await compute.execute({ bucket: 'minute', since, until })).toBe('too_many_buckets');
    const longest = counted(await asked({ bucket: 'minute', since, until: timestamp('2025-01-16T01:00:00Z') }));
    expect(longest.counts).toHaveLength(MAX_BUCKETS);
  });
});
