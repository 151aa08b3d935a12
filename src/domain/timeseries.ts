import type { Timestamp } from './timestamp.ts';

/** Widths of buckets. Buckets start at whole minutes, hours or days of UTC. */
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
  /** Messages that lie in the bucket and in the range. */
  readonly count: number;
}

/** The start of the bucket that contains the instant, also before 1970. */
export function bucketStart(instant: Timestamp, bucket: Bucket): Timestamp {
  const width = widthOf(bucket);
  // Years start at midnight, so the start of a bucket is never before the first instant.
  return (instant - (((instant % width) + width) % width)) as Timestamp;
}

/** The number of buckets that overlap the range. */
export function countBuckets({ since, until }: TimeRange, bucket: Bucket): number {
  if (since >= until) return 0;
  const last = bucketStart((until - 1n) as Timestamp, bucket);
  return Number((last - bucketStart(since, bucket)) / widthOf(bucket)) + 1;
}

/** One entry per bucket that overlaps the range, in order, with the known counts, and 0 for all other buckets. */
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

/** Defines a time series: every store must return the same result, however it counts. */
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
