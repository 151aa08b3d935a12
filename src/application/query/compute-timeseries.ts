import type { Msisdn } from '../../domain/message.ts';
import {
  BUCKET_SECONDS,
  bucketStart,
  countBuckets,
  type Bucket,
  type TimeRange,
  type BucketCount,
} from '../../domain/timeseries.ts';
import { FIRST_TIMESTAMP, type Timestamp } from '../../domain/timestamp.ts';
import type { Clock } from '../ports/time.ts';
import type { MessageReader } from '../ports/store.ts';
import type { Tracer } from '../ports/telemetry.ts';

/** Enough for a day of minutes, two months of hours or four years of days. */
export const MAX_BUCKETS = 1_500;

/** The default length of a series: this many buckets before the one that contains its end. */
const BUCKETS_BEFORE: Readonly<Record<Bucket, number>> = { minute: 59, hour: 47, day: 29 };

export interface TimeseriesQuestion {
  readonly bucket: Bucket;
  /** Inclusive. @default the start of the bucket 59 minutes, 47 hours or 29 days before the end */
  readonly since?: Timestamp;
  /** Exclusive. @default now */
  readonly until?: Timestamp;
  readonly from?: Msisdn;
}

export interface Timeseries extends TimeRange {
  readonly counts: readonly BucketCount[];
}

/** Counts messages per minute, hour or day of their timestamp. */
export class ComputeTimeseries {
  readonly #reader: Pick<MessageReader, 'timeseries'>;
  readonly #clock: Clock;
  readonly #tracer: Tracer;

  constructor(ports: { reader: Pick<MessageReader, 'timeseries'>; clock: Clock; tracer: Tracer }) {
    this.#reader = ports.reader;
    this.#clock = ports.clock;
    this.#tracer = ports.tracer;
  }

  /** `empty_range`: the range ends before it begins. `too_many_buckets`: more than {@link MAX_BUCKETS}. Neither reads the store. */
  async execute(question: TimeseriesQuestion): Promise<Timeseries | 'empty_range' | 'too_many_buckets'> {
    const { bucket, from, until = this.#clock.now() } = question;
    const range = { since: question.since ?? defaultSince(until, bucket), until };
    if (range.since >= until) return 'empty_range';
    if (countBuckets(range, bucket) > MAX_BUCKETS) return 'too_many_buckets';
    const counts = await this.#tracer.inSpan('ComputeTimeseries', () => this.#reader.timeseries(range, bucket, from));
    return { ...range, counts };
  }
}

function defaultSince(until: Timestamp, bucket: Bucket): Timestamp {
  const before = until - BigInt(BUCKETS_BEFORE[bucket] * BUCKET_SECONDS[bucket]) * 1_000_000n;
  return bucketStart((before < FIRST_TIMESTAMP ? FIRST_TIMESTAMP : before) as Timestamp, bucket);
}
