import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import {
  BUCKET_SECONDS,
  bucketCounts,
  bucketStart,
  type Bucket,
  type BucketCount,
  type TimeRange,
} from '../../../domain/timeseries.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { rowsOf, type Dialect } from '../schema/dialect.ts';
import { countBefore } from './message-counters.ts';
import { periodStartSql, widthInMicros } from './periods.ts';

interface BucketRow {
  readonly starts_at: Timestamp;
  readonly messages: bigint | number | string;
}

/** Counts the messages per bucket of the range. Call it in a transaction, so that all counts belong to one snapshot. */
export async function timeseriesFromCounters(
  snapshot: Knex,
  dialect: Dialect,
  range: TimeRange,
  bucket: Bucket,
  from?: Msisdn,
): Promise<readonly BucketCount[]> {
  if (range.since >= range.until) return [];
  const known =
    from === undefined
      ? await countAll(snapshot, dialect, range, bucket)
      : await countSender(snapshot, dialect, range, bucket, from);
  return bucketCounts(range, bucket, known);
}

/** Whole buckets are counted periods. The first and the last bucket may lie partly outside the range. */
async function countAll(
  db: Knex,
  dialect: Dialect,
  { since, until }: TimeRange,
  bucket: Bucket,
): Promise<Map<Timestamp, number>> {
  const width = widthInMicros(BUCKET_SECONDS[bucket]);
  const first = bucketStart(since, bucket);
  const wholeFrom = (first === since ? first : first + width) as Timestamp;
  const wholeUntil = bucketStart(until, bucket);
  if (wholeFrom > wholeUntil) return new Map([[first, await countBetween(db, dialect, since, until)]]);
  const rows = await rowsOf<BucketRow>(
    db,
    `select starts_at, sum(messages) as messages from (
       select starts_at, messages from period_counts where width = ? and starts_at >= ? and starts_at < ?
       union all
       select ${periodStartSql(BUCKET_SECONDS[bucket])}, 1 from ${dialect.uncountedBacklog} where sent_at >= ? and sent_at < ?
     ) as periods group by starts_at`,
    [BUCKET_SECONDS[bucket], wholeFrom, wholeUntil, wholeFrom, wholeUntil],
  );
  const counts = byStart(rows);
  if (since < wholeFrom) counts.set(first, await countBetween(db, dialect, since, wholeFrom));
  if (wholeUntil < until) counts.set(wholeUntil, await countBetween(db, dialect, wholeUntil, until));
  return counts;
}

/** Counts a sender's messages in the index by sender, because there are no counters per sender and period. */
async function countSender(
  db: Knex,
  { readOn }: Dialect,
  { since, until }: TimeRange,
  bucket: Bucket,
  from: Msisdn,
): Promise<Map<Timestamp, number>> {
  const rows = await rowsOf<BucketRow>(
    db,
    `select ${periodStartSql(BUCKET_SECONDS[bucket])} as starts_at, count(*) as messages from messages
     where ${readOn ?? 'true'} and from_msisdn = ? and sent_at >= ? and sent_at < ? group by 1`,
    [from, since, until],
  );
  return byStart(rows);
}

async function countBetween(db: Knex, dialect: Dialect, since: Timestamp, until: Timestamp): Promise<number> {
  return (await countBefore(db, dialect, until)) - (await countBefore(db, dialect, since));
}

function byStart(rows: readonly BucketRow[]): Map<Timestamp, number> {
  return new Map(rows.map(({ starts_at: startsAt, messages }) => [startsAt, Number(messages)]));
}
