import type { Knex } from 'knex';
import { rowOf } from './dialect.ts';
import { PERIOD_WIDTHS, periodStartSql } from './periods.ts';

/**
 * Adds messages to the counters. `messages` is a table expression with `from_msisdn` and `sent_at`; it is read several
 * times and must give the same each time. To be called in the transaction that takes them out of the tail (docs/adr/0008).
 */
export async function countInto(
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
