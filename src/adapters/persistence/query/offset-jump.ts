import type { Knex } from 'knex';
import { rowsOf, type Dialect } from '../schema/dialect.ts';
import { PERIOD_WIDTHS, periodStartSql, widthInMicros } from '../counters/periods.ts';

/** Where to start reading, instead of skipping from the first message. */
export interface Jump {
  /** The instant to start at, in microseconds since 1970. */
  readonly from: bigint;
  /** The number of messages to skip from there. */
  readonly skip: number;
}

/**
 * Finds the minute of the message at this offset. It uses the counters, from the longest periods to the shortest. Returns null
 * if there are not that many messages.
 */
export async function jumpToOffset(db: Knex, dialect: Dialect, offset: number): Promise<Jump | null> {
  let skip = offset;
  let within: { from: bigint; until: bigint } | null = null;
  for (const width of PERIOD_WIDTHS.toReversed()) {
    const period = skipWhole(await periodsOf(db, dialect, width, within), skip);
    if (period === null) return null;
    skip = period.skip;
    within = { from: period.startsAt, until: period.startsAt + widthInMicros(width) };
  }
  return within === null ? null : { from: within.from, skip };
}

interface Period {
  readonly starts_at: bigint;
  readonly messages: bigint | string;
}

/** The periods that contain messages, in order, including the uncounted backlog. */
function periodsOf(
  db: Knex,
  { uncountedBacklog }: Dialect,
  width: number,
  within: { from: bigint; until: bigint } | null,
): Promise<Period[]> {
  const range = (column: string): string => (within === null ? '' : `and ${column} >= ? and ${column} < ?`);
  const limits = within === null ? [] : [within.from, within.until];
  return rowsOf<Period>(
    db,
    `select starts_at, sum(messages) as messages from (
       select starts_at, messages from period_counts where width = ? ${range('starts_at')}
       union all
       select ${periodStartSql(width)}, 1 from ${uncountedBacklog} where true ${range('sent_at')}
     ) as periods group by starts_at order by starts_at`,
    [width, ...limits, ...limits],
  );
}

function skipWhole(periods: readonly Period[], offset: number): { startsAt: bigint; skip: number } | null {
  let skip = offset;
  for (const { starts_at: startsAt, messages } of periods) {
    if (skip < Number(messages)) return { startsAt, skip };
    skip -= Number(messages);
  }
  return null;
}
