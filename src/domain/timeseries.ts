import type { Timestamp } from './timestamp.ts';

/** Widths of buckets. All begin at whole minutes, hours or days of UTC. */
export const BUCKET_SECONDS = { minute: 60, hour: 3_600, day: 86_400 } as const;

export type Bucket = keyof typeof BUCKET_SECONDS;

export interface TimeRange {
  /** Inclusive. */
  readonly since: Timestamp;
  /** Exclusive. */
  readonly until: Timestamp;
}

export interface BucketCount {
  readonly startsAt: Timestamp;
  /** Messages of the bucket that lie in the range, too. */
  readonly count: number;
}

/** The start of the bucket in which the instant lies, before 1970 as after it. */
export function bucketStart(instant: Timestamp, bucket: Bucket): Timestamp {
  const width = widthOf(bucket);
  // No year begins within a day, so the start of a bucket is never before the first instant.
  return (instant - (((instant % width) + width) % width)) as Timestamp;
}

/** How many buckets overlap the range. */
export function countBuckets({ since, until }: TimeRange, bucket: Bucket): number {
  if (since >= until) return 0;
  const last = bucketStart((until - 1n) as Timestamp, bucket);
  return Number((last - bucketStart(since, bucket)) / widthOf(bucket)) + 1;
}

/** One entry for each bucket that overlaps the range, in order, with the counts that are known of some and 0 for all others. */
export function bucketCounts(
  range: TimeRange,
  bucket: Bucket,
  known: ReadonlyMap<Timestamp, number>,
): readonly BucketCount[] {
  const first = bucketStart(range.since, bucket);
  return Array.from({ length: countBuckets(range, bucket) }, (_, i) => {
    const startsAt = (first + BigInt(i) * widthOf(bucket)) as Timestamp;
    return { startsAt, count: known.get(startsAt) ?? 0 };
  });
}

/** The definition of a time series: what any store must answer, however it keeps count. */
export function timeseriesOf(
  messages: Iterable<{ readonly sentAt: Timestamp }>,
  range: TimeRange,
  bucket: Bucket,
): readonly BucketCount[] {
  const counts = new Map<Timestamp, number>();
  for (const { sentAt } of messages) {
    if (sentAt < range.since || sentAt >= range.until) continue;
    const start = bucketStart(sentAt, bucket);
    counts.set(start, (counts.get(start) ?? 0) + 1);
  }
  return bucketCounts(range, bucket, counts);
}

function widthOf(bucket: Bucket): bigint {
  return BigInt(BUCKET_SECONDS[bucket]) * 1_000_000n;
}
