import type { Knex } from 'knex';
import { addToCounters } from './counting.ts';
import { rowOf, type Dialect } from '../schema/dialect.ts';
import { PERIOD_WIDTHS, periodStartSql } from './periods.ts';

/**
 * Returns the counter tables that differ from a scan of the counted messages. It reads the whole database in one snapshot,
 * which takes minutes for millions of messages and blocks no write.
 */
export async function wrongCounters(db: Knex, dialect: Dialect): Promise<string[]> {
  return db.transaction(
    async (snapshot) => {
      const wrong: string[] = [];
      for (const [table, differs] of Object.entries(differences(dialect))) {
        const row = await rowOf<{ rows: bigint | number }>(snapshot, differs);
        if (Number(row.rows) > 0) wrong.push(table);
      }
      return wrong;
    },
    { isolationLevel: 'repeatable read' },
  );
}

/** For each counter table, a query that counts its missing and surplus rows. */
function differences(dialect: Dialect): Readonly<Record<string, string>> {
  const senders = `select from_msisdn, sum(n) as messages from ${held(dialect)} group by from_msisdn having sum(n) <> 0`;
  const periods = PERIOD_WIDTHS.map((width) => {
    const key = periodStartSql(width);
    return `select ${String(width)} as width, ${key} as starts_at, sum(n) as messages from ${held(dialect)} group by 2 having sum(n) <> 0`;
  });
  return {
    message_totals: `select count(*) as rows from message_totals
      where messages <> (select coalesce(sum(n), 0) from ${held(dialect)}) or senders <> (select count(*) from (${senders}) as each)`,
    sender_counts: difference('select from_msisdn, messages from sender_counts', senders),
    period_counts: difference('select width, starts_at, messages from period_counts', periods.join(' union all ')),
  };
}

/** What the counters should include: all messages (1) without the uncounted backlog (-1). */
function held({ uncountedBacklog }: Dialect): string {
  return `(select from_msisdn, sent_at, 1 as n from messages
           union all select from_msisdn, sent_at, -1 from ${uncountedBacklog}) as held`;
}

function difference(counted: string, scanned: string): string {
  return `with counted as (${counted}), scanned as (${scanned}),
    lost as (select * from scanned except select * from counted),
    invented as (select * from counted except select * from scanned)
    select (select count(*) from lost) + (select count(*) from invented) as rows`;
}

/** Rebuilds all counters, including the uncounted backlog, in one transaction. Writes wait for it. */
export async function rebuildCounters(db: Knex, dialect: Dialect): Promise<void> {
  await db.transaction(async (transaction) => {
    for (const statement of dialect.forgetBacklog) await transaction.raw(statement);
    for (const table of ['sender_counts', 'period_counts']) await transaction(table).delete();
    await transaction('message_totals').update({ messages: 0, senders: 0 });
    await addToCounters(transaction, { sql: 'messages', bindings: [] });
  });
}
