import type { Knex } from 'knex';
import { countInto } from './counting.ts';
import { rowOf, type Dialect } from '../schema/dialect.ts';
import { PERIOD_WIDTHS, periodStartSql } from './periods.ts';

/**
 * The counter tables that differ from a scan of the messages that they claim to hold; none when everything is right. Reads
 * the whole database in one snapshot: minutes for millions of messages, and no write waits for it.
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

/** For each counter table a query that counts the rows that should not be there, or should. */
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

/** All messages with 1 and those of the tail with -1: what the counters should hold. */
function held({ tail }: Dialect): string {
  return `(select from_msisdn, sent_at, 1 as n from messages
           union all select from_msisdn, sent_at, -1 from ${tail}) as held`;
}

function difference(counted: string, scanned: string): string {
  return `with counted as (${counted}), scanned as (${scanned}),
    lost as (select * from scanned except select * from counted),
    invented as (select * from counted except select * from scanned)
    select (select count(*) from lost) + (select count(*) from invented) as rows`;
}

/** Counts everything anew, the tail too, in one transaction; writes wait for it. */
export async function rebuildCounters(db: Knex, dialect: Dialect): Promise<void> {
  await db.transaction(async (transaction) => {
    for (const statement of dialect.forgetTail) await transaction.raw(statement);
    for (const table of ['sender_counts', 'period_counts']) await transaction(table).delete();
    await transaction('message_totals').update({ messages: 0, senders: 0 });
    await countInto(transaction, { sql: 'messages', bindings: [] });
  });
}
