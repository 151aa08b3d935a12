import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { TOP_SENDERS, type SenderCount, type Stats } from '../../../domain/stats.ts';
import { timestampFromMicros, type Timestamp } from '../../../domain/timestamp.ts';
import { rowOf, rowsOf, type Dialect } from '../schema/dialect.ts';
import { instantValue } from '../schema/message-row.ts';
import { PERIOD_WIDTHS, periodStart } from './periods.ts';

/*
 * The counters are updated in the background, up to 1,000 messages per step. Every answer adds the uncounted backlog in the
 * same snapshot, so it is exact at any instant (docs/adr/0008).
 */

export async function countAll(db: Knex, dialect: Dialect): Promise<number> {
  const { counted, backlog } = await countStored(db, dialect);
  return counted + backlog;
}

/** Counts all messages: those that the counters include, and the uncounted backlog. */
export async function countStored(
  db: Knex,
  { uncountedBacklog }: Dialect,
): Promise<{ counted: number; backlog: number }> {
  const { counted, backlog } = await rowOf<{ counted: bigint; backlog: bigint }>(
    db,
    `select (select messages from message_totals) as counted, (select count(*) from ${uncountedBacklog}) as backlog`,
  );
  return { counted: Number(counted), backlog: Number(backlog) };
}

export async function countOfSender(db: Knex, { uncountedBacklog }: Dialect, from: Msisdn): Promise<number> {
  const { messages } = await rowOf<{ messages: bigint }>(
    db,
    `select coalesce((select messages from sender_counts where from_msisdn = ?), 0) +
            (select count(*) from ${uncountedBacklog} where from_msisdn = ?) as messages`,
    [from, from],
  );
  return Number(messages);
}

/** Counts the messages that were sent before the instant. */
export async function countBefore(
  db: Knex,
  { uncountedBacklog, readOn }: Dialect,
  instant: Timestamp,
): Promise<number> {
  let count = 0;
  let counted: bigint | null = null; // the end of the periods added so far
  for (const width of PERIOD_WIDTHS.toReversed()) {
    const end = periodStart(instant, width);
    const periods = db<{ width: number; starts_at: bigint }>('period_counts').where({ width });
    count += await sumMessages(between(periods, 'starts_at', counted, end));
    counted = end;
  }
  // The last minute is counted from the messages themselves, which include their part of the backlog.
  const messages = db<{ sent_at: bigint }>('messages');
  if (readOn !== null) void messages.whereRaw(readOn);
  const lastMinute = between(messages, 'sent_at', counted, instant);
  const row = (await lastMinute.count({ messages: '*' }).first()) as { messages: bigint } | undefined;
  const sql = `select count(*) as messages from ${uncountedBacklog} where sent_at < ?`;
  const late = await rowOf<{ messages: bigint }>(db, sql, [counted]);
  return count + Number(row?.messages ?? 0) + Number(late.messages);
}

function between(query: Knex.QueryBuilder, column: string, from: bigint | null, to: bigint): Knex.QueryBuilder {
  if (from !== null) void query.where(column, '>=', instantValue(from));
  return query.where(column, '<', instantValue(to));
}

async function sumMessages(query: Knex.QueryBuilder): Promise<number> {
  const row = (await query.sum({ messages: 'messages' }).first()) as { messages: bigint | null } | undefined;
  return Number(row?.messages ?? 0);
}

export async function statsFromCounters(db: Knex, dialect: Dialect): Promise<Stats> {
  const [first] = await db<{ sent_at: bigint }>('messages').select('sent_at').orderBy('sent_at', 'asc').limit(1);
  const [last] = await db<{ sent_at: bigint }>('messages').select('sent_at').orderBy('sent_at', 'desc').limit(1);
  return {
    totalMessages: await countAll(db, dialect),
    sendersCount: await countSenders(db, dialect),
    topSenders: await topSenders(db, dialect),
    firstMessageAt: first === undefined ? null : timestampFromMicros(first.sent_at),
    lastMessageAt: last === undefined ? null : timestampFromMicros(last.sent_at),
  };
}

async function countSenders(db: Knex, { uncountedBacklog }: Dialect): Promise<number> {
  const { senders } = await rowOf<{ senders: bigint }>(
    db,
    `select (select senders from message_totals) +
            (select count(distinct from_msisdn) from ${uncountedBacklog}
             where not exists (select 1 from sender_counts where sender_counts.from_msisdn = backlog.from_msisdn)) as senders`,
  );
  return Number(senders);
}

async function topSenders(db: Knex, { uncountedBacklog }: Dialect): Promise<SenderCount[]> {
  // Any sender in the backlog may have overtaken others, so all of them compete with the best of the rest.
  const rows = await rowsOf<{ from_msisdn: Msisdn; messages: bigint }>(
    db,
    `with recent as materialized (select from_msisdn, count(*) as messages from ${uncountedBacklog} group by from_msisdn)
     select recent.from_msisdn, recent.messages + coalesce(sender_counts.messages, 0) as messages
     from recent left join sender_counts on sender_counts.from_msisdn = recent.from_msisdn
     union all
     select * from (
       select from_msisdn, messages from sender_counts where from_msisdn not in (select from_msisdn from recent)
       order by messages desc, from_msisdn limit ?
     ) as rest
     order by messages desc, from_msisdn limit ?`,
    [TOP_SENDERS, TOP_SENDERS],
  );
  return rows.map(({ from_msisdn: from, messages }) => ({ from, count: Number(messages) }));
}
