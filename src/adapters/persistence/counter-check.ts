import type { Knex } from 'knex';
import { PERIOD_WIDTHS } from './message-counters.ts';

/** Each counter table with the query that counts the same from the messages, as far as the table has come. */
const SOURCES: readonly { readonly table: string; readonly scan: string }[] = [
  {
    table: 'message_totals',
    scan: `select 1 as id, count(*) as messages,
             count(distinct case when seq <= $upTo then from_msisdn end) as senders, $upTo as senders_seq
           from messages`,
  },
  {
    table: 'sender_counts',
    scan: 'select from_msisdn, count(*) as messages from messages where seq <= $upTo group by from_msisdn',
  },
  { table: 'period_counts', scan: PERIOD_WIDTHS.map(periodScan).join(' union all ') },
];
const COUNTED = '(select senders_seq from message_totals)';
const ALL = '(select coalesce(max(seq), 0) from messages)';

/** SQLite's division truncates towards zero; the period of an instant before 1970 is found by rounding down. */
function periodScan(width: number): string {
  const micros = `${String(width)}000000`;
  const start = `sent_at - ((sent_at % ${micros}) + ${micros}) % ${micros}`;
  return `select ${String(width)} as width, ${start} as starts_at, count(*) as messages from messages group by 2`;
}

/**
 * The tables whose counters differ from a scan of all messages; none when everything is right. Reads the whole database in one
 * snapshot: minutes for millions of messages, and no write waits for it.
 */
export async function wrongCounters(db: Knex): Promise<string[]> {
  return db.transaction(async (snapshot) => {
    const wrong: string[] = [];
    for (const { table, scan } of SOURCES) {
      const [row] = await snapshot.raw<{ differs: bigint | number }[]>(
        `with counted as (select * from ${table}), scanned as (${scan.replaceAll('$upTo', COUNTED)})
         select exists (select * from counted except select * from scanned)
             or exists (select * from scanned except select * from counted) as differs`,
      );
      if (Number(row?.differs) === 1) wrong.push(table);
    }
    return wrong;
  });
}

/** Counts everything anew, the senders of the latest messages, too, in one transaction; writes wait for it. */
export async function rebuildCounters(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    for (const { table, scan } of SOURCES) {
      await transaction.raw(`delete from ${table}`);
      await transaction.raw(`insert into ${table} ${scan.replaceAll('$upTo', ALL)}`);
    }
  });
}
