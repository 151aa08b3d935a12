import type { Knex } from 'knex';
import type { Stats } from '../../domain/stats.ts';
import { timestampFromMicros, type Timestamp } from '../../domain/timestamp.ts';
import { instantValue } from './message-row.ts';
import { countSenders, topSenders } from './sender-counts.ts';

/**
 * Widths of the counted periods in seconds: minute, hour, day, and 1024 days. Counting up to an instant adds whole long
 * periods first, then shorter ones: some thousand rows of an index at the very worst, whatever the number of messages.
 */
export const PERIOD_WIDTHS = [60, 3_600, 86_400, 88_473_600] as const;
const MICROS_PER_SECOND = 1_000_000n;

/** The start of the period of that width in which the instant lies. */
export function periodStart(instant: bigint, widthSeconds: number): bigint {
  const width = BigInt(widthSeconds) * MICROS_PER_SECOND;
  return instant - (((instant % width) + width) % width);
}

export async function countAll(db: Knex): Promise<number> {
  const row = await db<{ messages: bigint }>('message_totals').first('messages');
  return Number(row?.messages ?? 0);
}

/** How many messages were sent before the instant. */
export async function countBefore(db: Knex, instant: Timestamp): Promise<number> {
  let count = 0;
  let counted: bigint | null = null; // up to here
  for (const width of PERIOD_WIDTHS.toReversed()) {
    const end = periodStart(instant, width);
    const periods = db<{ width: number; starts_at: bigint }>('period_counts').where({ width });
    count += await sumMessages(between(periods, 'starts_at', counted, end));
    counted = end;
  }
  const lastMinute = between(db<{ sent_at: bigint }>('messages'), 'sent_at', counted, instant);
  const row = (await lastMinute.count({ messages: '*' }).first()) as { messages: bigint } | undefined;
  return count + Number(row?.messages ?? 0);
}

function between(query: Knex.QueryBuilder, column: string, from: bigint | null, to: bigint): Knex.QueryBuilder {
  if (from !== null) void query.where(column, '>=', instantValue(from));
  return query.where(column, '<', instantValue(to));
}

async function sumMessages(query: Knex.QueryBuilder): Promise<number> {
  const row = (await query.sum({ messages: 'messages' }).first()) as { messages: bigint | null } | undefined;
  return Number(row?.messages ?? 0);
}

export async function statsFromCounters(db: Knex): Promise<Stats> {
  const [first] = await db<{ sent_at: bigint }>('messages').select('sent_at').orderBy('sent_at', 'asc').limit(1);
  const [last] = await db<{ sent_at: bigint }>('messages').select('sent_at').orderBy('sent_at', 'desc').limit(1);
  return {
    totalMessages: await countAll(db),
    sendersCount: await countSenders(db),
    topSenders: await topSenders(db),
    firstMessageAt: first === undefined ? null : timestampFromMicros(first.sent_at),
    lastMessageAt: last === undefined ? null : timestampFromMicros(last.sent_at),
  };
}
