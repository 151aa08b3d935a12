import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { timestamp, timestampFromMicros, type Timestamp } from '../../src/domain/timestamp.ts';
import {
  BUCKET_SECONDS,
  bucketStart,
  countBuckets,
  timeseriesOf,
  type Bucket,
  type BucketCount,
} from '../../src/domain/timeseries.ts';
import { FIRST_INSTANT, instants, LAST_INSTANT } from '../support/arbitraries.ts';

const buckets = fc.constantFrom<Bucket>('minute', 'hour', 'day');
const micros = (bucket: Bucket): bigint => BigInt(BUCKET_SECONDS[bucket]) * 1_000_000n;

/** A range of a limited number of buckets with any start and end, and instants in and around it. */
const series = fc
  .record({ bucket: buckets, since: instants, length: fc.double({ min: 0, max: 20, noNaN: true }) })
  .chain(({ bucket, since, length }) => {
    const end = since + BigInt(Math.floor(length * Number(micros(bucket))));
    const until = (end > LAST_INSTANT ? LAST_INSTANT : end) as Timestamp;
    const near = fc
      .bigInt({ min: since - micros(bucket), max: until + micros(bucket) })
      .filter((instant) => instant >= FIRST_INSTANT && instant <= LAST_INSTANT)
      .map((sentAt) => ({ sentAt: sentAt as Timestamp }));
    return fc.record({ bucket: fc.constant(bucket), range: fc.constant({ since, until }), messages: fc.array(near) });
  });

const sum = (counts: readonly BucketCount[]): number => counts.reduce((total, { count }) => total + count, 0);

describe('bucketStart', () => {
  it.each<[string, Bucket, string]>([
    ['2025-01-15T10:20:30.5Z', 'minute', '2025-01-15T10:20:00Z'],
    ['2025-01-15T10:20:30.5Z', 'hour', '2025-01-15T10:00:00Z'],
    ['2025-01-15T10:20:30.5Z', 'day', '2025-01-15T00:00:00Z'],
    ['2025-01-15T10:20:00Z', 'minute', '2025-01-15T10:20:00Z'],
    ['1969-12-31T23:59:59.999999Z', 'day', '1969-12-31T00:00:00Z'],
    ['0000-01-01T00:00:00Z', 'day', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.999999Z', 'hour', '9999-12-31T23:00:00Z'],
  ])('of %s by the %s is %s', (instant, bucket, start) => {
    expect(bucketStart(timestamp(instant), bucket)).toBe(timestamp(start));
  });

  it('is the last multiple of the width that is not later than the instant', () => {
    fc.assert(
      fc.property(instants, buckets, (instant, bucket) => {
        const start = bucketStart(instant, bucket);
        expect(timestampFromMicros(start) % micros(bucket)).toBe(0n);
        expect(start <= instant && instant < start + micros(bucket)).toBe(true);
      }),
    );
  });
});

describe('timeseriesOf', () => {
  const at = (...texts: string[]) => texts.map((text) => ({ sentAt: timestamp(text) }));

  it('returns every bucket, including empty ones, and counts only messages in the range', () => {
    const messages = at(
      '2025-01-15T10:00:29.999999Z',
      '2025-01-15T10:00:30Z',
      '2025-01-15T10:00:59.999999Z',
      '2025-01-15T10:02:14.999999Z',
      '2025-01-15T10:02:15Z',
    );
    const range = { since: timestamp('2025-01-15T10:00:30Z'), until: timestamp('2025-01-15T10:02:15Z') };
    expect(timeseriesOf(messages, range, 'minute')).toEqual([
      { startsAt: timestamp('2025-01-15T10:00:00Z'), count: 2 },
      { startsAt: timestamp('2025-01-15T10:01:00Z'), count: 0 },
      { startsAt: timestamp('2025-01-15T10:02:00Z'), count: 1 },
    ]);
  });

  it('has no bucket that starts at the end of the range, and none for an empty range', () => {
    const [since, until] = [timestamp('2025-01-15T10:00:00Z'), timestamp('2025-01-15T11:00:00Z')];
    expect(timeseriesOf([], { since, until }, 'hour')).toEqual([{ startsAt: since, count: 0 }]);
    for (const range of [
      { since, until: since },
      { since: until, until: since },
    ]) {
      expect([timeseriesOf(at('2025-01-15T10:00:00Z'), range, 'hour'), countBuckets(range, 'hour')]).toEqual([[], 0]);
    }
  });

  it('counts every message of the range once, in its bucket', () => {
    fc.assert(
      fc.property(series, ({ bucket, range, messages }) => {
        const counts = timeseriesOf(messages, range, bucket);
        const inside = messages.filter(({ sentAt }) => sentAt >= range.since && sentAt < range.until);
        expect(sum(counts)).toBe(inside.length);
        for (const { startsAt, count } of counts) {
          expect(count).toBe(inside.filter(({ sentAt }) => bucketStart(sentAt, bucket) === startsAt).length);
        }
      }),
    );
  });

  it('covers the range without gap or overlap', () => {
    fc.assert(
      fc.property(series, ({ bucket, range }) => {
        const starts = timeseriesOf([], range, bucket).map(({ startsAt }) => startsAt);
        expect(starts).toHaveLength(countBuckets(range, bucket));
        fc.pre(range.since < range.until);
        expect(starts[0]).toBe(bucketStart(range.since, bucket));
        expect(starts.slice(1)).toEqual(starts.slice(0, -1).map((start) => start + micros(bucket)));
        const end = (starts.at(-1) ?? 0n) + micros(bucket);
        expect(end >= range.until && end - micros(bucket) < range.until).toBe(true);
      }),
    );
  });
});
