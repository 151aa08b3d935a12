import type { Knex } from 'knex';
import { subtractFromCounters } from '../counters/counting.ts';
import { renewEpoch } from '../feed/stream-epoch.ts';
import { rowOf, type ErasingDialect } from '../schema/dialect.ts';
import { inStep } from './derived-data.ts';
import { sqliteDialect } from './dialect.ts';
import { isIndexFault } from './search/index-probe.ts';
import { resetIndex } from './search/search-index.ts';

const given = 'seq in (select value from json_each(?))';
const counted = `(select from_msisdn, sent_at from messages
                  where ${given} and seq <= (select counted_seq from message_totals)) as counted`;

/** Erasing for a connection that writes. */
export const sqliteErasing: ErasingDialect = {
  // The database's write lock excludes all others, so this never returns `busy`.
  async exclusively(db, work) {
    try {
      return await eraseInStep(db, work);
    } catch (error) {
      if (!isDamagedIndex(error)) throw error;
      // Erasing does not depend on the index: the service refills it without the erased messages.
      await resetIndex(db);
      return eraseInStep(db, work);
    }
  },

  async forget(transaction, keys) {
    // By `seq`, because consecutive messages share pages, while their keys are scattered over the index.
    const rows = (await transaction('messages').select('seq').whereIn('message_id', keys)) as { seq: bigint }[];
    const list = JSON.stringify(rows.map(({ seq }) => Number(seq)));
    await subtractFromCounters(transaction, { sql: counted, bindings: [list] });
    await removeFromIndex(transaction, list);
  },

  placeInBody: 'instr(body, ?)',

  latestReceipts: 'select coalesce(received_at, sent_at) as at from messages order by seq desc',

  serverTime: null,
};

/** The index stores no texts, so a deletion must pass exactly the text that was inserted. */
async function removeFromIndex(transaction: Knex, list: string): Promise<void> {
  try {
    await transaction.raw(
      `insert into message_search (message_search, rowid, text)
       select 'delete', seq, fold_case(text) from messages
       where ${given} and text is not null and seq <= (select indexed_seq from search_progress)`,
      [list],
    );
  } catch (error) {
    throw isIndexFault(error) ? new DamagedIndex('the search index is damaged', { cause: error }) : error;
  }
}

class DamagedIndex extends Error {}

/** FTS5 writes the index when the transaction commits, so some damage shows only then. */
function isDamagedIndex(error: unknown): boolean {
  if (error instanceof DamagedIndex) return true;
  // Parts of the index may contradict each other, which violates the constraints of its own tables.
  const isFault = isIndexFault(error) || (error as { code?: unknown }).code === 'SQLITE_CONSTRAINT_PRIMARYKEY';
  return isFault && (error as Error).message.startsWith('COMMIT');
}

function eraseInStep<T>(db: Knex, work: (transaction: Knex) => Promise<T>): Promise<T> {
  return inStep(db, 'message_totals', async (transaction) => {
    const before = await highestSeq(transaction);
    const result = await work(transaction);
    const after = await highestSeq(transaction);
    if (after < before) await allowReuse(transaction, after);
    return result;
  });
}

async function highestSeq(transaction: Knex): Promise<number> {
  const { seq } = await rowOf<{ seq: bigint }>(transaction, 'select coalesce(max(seq), 0) as seq from messages');
  return Number(seq);
}

/**
 * Prepares for the reuse of every `seq` above `highest`: SQLite assigns the next one after the highest existing row. A new
 * message must not look as if it were already counted, indexed, or sent to subscribers.
 */
async function allowReuse(transaction: Knex, highest: number): Promise<void> {
  await transaction('message_totals').where('counted_seq', '>', highest).update({ counted_seq: highest });
  await transaction('search_progress').where('indexed_seq', '>', highest).update({ indexed_seq: highest });
  await renewEpoch(transaction, sqliteDialect);
}
