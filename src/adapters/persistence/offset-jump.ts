import type { Knex } from 'knex';
import { instantValue } from './message-row.ts';
import { PERIOD_WIDTHS } from './message-counters.ts';

/** Where to begin to read instead of skipping from the very first message. */
export interface Jump {
  /** Begin at this instant (microseconds since 1970)... */
  readonly from: bigint;
  /** ...and skip so many messages from there on. */
  readonly skip: number;
}

/**
 * Finds the minute in which the message with that many before it lies, by the counters: from the longest periods to the
 * shortest. Null when there are not that many messages.
 */
export async function jumpToOffset(db: Knex, offset: number): Promise<Jump | null> {
  let skip = offset;
  let from: bigint | null = null;
  let until: bigint | null = null;
  for (const width of PERIOD_WIDTHS.toReversed()) {
    const periods = db<{ width: number; starts_at: bigint; messages: bigint }>('period_counts')
      .where({ width })
      .orderBy('starts_at')
      .select('starts_at', 'messages');
    if (from !== null && until !== null) {
      void periods.where('starts_at', '>=', instantValue(from)).where('starts_at', '<', instantValue(until));
    }
    const period = skipWhole(await periods, skip);
    if (period === null) return null;
    skip = period.skip;
    from = period.startsAt;
    until = from + BigInt(width) * 1_000_000n;
  }
  return from === null ? null : { from, skip };
}

function skipWhole(
  periods: readonly { starts_at: bigint; messages: bigint }[],
  offset: number,
): { startsAt: bigint; skip: number } | null {
  let skip = offset;
  for (const { starts_at: startsAt, messages } of periods) {
    if (skip < Number(messages)) return { startsAt, skip };
    skip -= Number(messages);
  }
  return null;
}
