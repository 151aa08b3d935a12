import type { Knex } from 'knex';
import { uncount } from '../counters/counting.ts';
import type { ErasingDialect } from '../erasure/erasing-dialect.ts';
import { rowOf } from '../schema/dialect.ts';
import { renewEpoch } from '../feed/stream-epoch.ts';
import { unflushed } from './derived-data.ts';

const given = 'seq in (select value from json_each(?))';
const counted = `(select from_msisdn, sent_at from messages
                  where ${given} and seq <= (select counted_seq from message_totals)) as counted`;

/** Erasing for a connection that writes. */
export const sqliteErasing: ErasingDialect = {
  // The write lock of the database is all that it takes.
  alone: (db, work) =>
    unflushed(db, async (transaction) => {
      const before = await highestSeq(transaction);
      const result = await work(transaction);
      const after = await highestSeq(transaction);
      if (after < before) await giveAgain(transaction, after);
      return result;
    }),

  async forget(transaction, keys) {
    // Numbers that follow one another lie side by side, which keys do not.
    const rows = (await transaction('messages').select('seq').whereIn('message_id', keys)) as { seq: bigint }[];
    const list = JSON.stringify(rows.map(({ seq }) => Number(seq)));
    await uncount(transaction, { sql: counted, bindings: [list] });
    // The index keeps no texts: it must be told exactly what it was told when it took them.
    await transaction.raw(
      `insert into message_search (message_search, rowid, text)
       select 'delete', seq, fold_case(text) from messages
       where ${given} and text is not null and seq <= (select indexed_seq from search_progress)`,
      [list],
    );
  },

  placeInBody: 'instr(body, ?)',
};

async function highestSeq(transaction: Knex): Promise<number> {
  const { seq } = await rowOf<{ seq: bigint }>(transaction, 'select coalesce(max(seq), 0) as seq from messages');
  return Number(seq);
}

/**
 * The next message is numbered after the highest that is there: numbers that were taken are given again, and must not look as
 * if they had been counted and indexed, or told to those who follow.
 */
async function giveAgain(transaction: Knex, highest: number): Promise<void> {
  await transaction('message_totals').where('counted_seq', '>', highest).update({ counted_seq: highest });
  await transaction('search_progress').where('indexed_seq', '>', highest).update({ indexed_seq: highest });
  await renewEpoch(transaction);
}
