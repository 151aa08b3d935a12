import type { Knex } from 'knex';
import { rowOf } from '../schema/dialect.ts';
import { PERIOD_WIDTHS, periodStartSql } from './periods.ts';

/**
 * Adds messages to the counters. `messages` is a table expression with `from_msisdn` and `sent_at`; it is read several
 * times and must return the same rows each time. Call it in the transaction that removes them from the uncounted backlog
 * (docs/adr/0008).
 */
export async function addToCounters(
  transaction: Knex,
  messages: { readonly sql: string; readonly bindings: readonly unknown[] },
): Promise<void> {
  const { sql, bindings } = messages;
  const { rows, senders } = await rowOf<{ rows: bigint; senders: bigint }>(
    transaction,
    `select (select count(*) from ${sql}) as rows,
            (select count(distinct from_msisdn) from ${sql}
             where from_msisdn not in (select from_msisdn from sender_counts)) as senders`,
    [...bindings, ...bindings],
  );
  await transaction.raw(
    `insert into sender_counts (from_msisdn, messages)
     select from_msisdn, count(*) from ${sql} group by from_msisdn
     on conflict (from_msisdn) do update set messages = sender_counts.messages + excluded.messages`,
    bindings as Knex.RawBinding[],
  );
  for (const width of PERIOD_WIDTHS) {
    await transaction.raw(
      `insert into period_counts (width, starts_at, messages)
       select ${String(width)}, ${periodStartSql(width)}, count(*) from ${sql} group by 2
       on conflict (width, starts_at) do update set messages = period_counts.messages + excluded.messages`,
      bindings as Knex.RawBinding[],
    );
  }
  await transaction('message_totals').increment({ messages: Number(rows), senders: Number(senders) });
}

/**
 * Subtracts counted messages from the counters and deletes rows that reach 0. `messages` is the same as in
 * {@link addToCounters}. Call it in the transaction that erases them, before they are deleted.
 */
export async function subtractFromCounters(
  transaction: Knex,
  messages: { readonly sql: string; readonly bindings: readonly unknown[] },
): Promise<void> {
  const { sql } = messages;
  const bindings = messages.bindings as readonly Knex.RawBinding[];
  const { rows } = await rowOf<{ rows: bigint }>(transaction, `select count(*) as rows from ${sql}`, bindings);
  if (Number(rows) === 0) return;
  await transaction.raw(
    `update sender_counts set messages = sender_counts.messages - gone.messages
     from (select from_msisdn, count(*) as messages from ${sql} group by from_msisdn) as gone
     where gone.from_msisdn = sender_counts.from_msisdn`,
    bindings,
  );
  const senders = await transaction('sender_counts')
    .whereRaw(`messages <= 0 and from_msisdn in (select from_msisdn from ${sql})`, bindings)
    .delete();
  for (const width of PERIOD_WIDTHS) {
    const start = periodStartSql(width);
    await transaction.raw(
      `update period_counts set messages = period_counts.messages - gone.messages
       from (select ${start} as starts_at, count(*) as messages from ${sql} group by 1) as gone
       where width = ${String(width)} and gone.starts_at = period_counts.starts_at`,
      bindings,
    );
    await transaction('period_counts')
      .whereRaw(`width = ${String(width)} and messages <= 0 and starts_at in (select ${start} from ${sql})`, bindings)
      .delete();
  }
  await transaction('message_totals').decrement({ messages: Number(rows), senders });
}
