import type { Knex } from 'knex';
import { addToCounters } from '../counters/counting.ts';
import { addToIndex, explainingDamage, nextMessages } from './search/search-index.ts';

/** `not indexed` leaves only the primary key. To group senders, SQLite would otherwise read the whole index by sender. */
const taken = '(select from_msisdn, sent_at from messages not indexed where seq > ? and seq <= ?) as taken';

/** Indexes up to `limit` messages and returns their number. Only for a connection that writes. */
export function indexNext(db: Knex, limit: number): Promise<number> {
  return ifMigrated(db, () =>
    explainingDamage(() => inStep(db, 'search_progress', (transaction) => addToIndex(transaction, limit))),
  );
}

/** Counts up to `limit` messages and returns their number. Only for a connection that writes. */
export function countNext(db: Knex, limit: number): Promise<number> {
  return ifMigrated(db, () => inStep(db, 'message_totals', (transaction) => count(transaction, limit)));
}

/** Does both and returns the greater number. A number below `limit` means that both have caught up. */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
  const indexed = await indexNext(db, limit);
  return Math.max(indexed, await countNext(db, limit));
}

/** Without a schema there is nothing to derive, and readiness says so. */
async function ifMigrated(db: Knex, step: () => Promise<number>): Promise<number> {
  try {
    return await step();
  } catch (error) {
    if (await db.schema.hasTable('messages')) throw error;
    return 0;
  }
}

/**
 * Runs a transaction that begins with a write: after a read it could not wait for the lock and would fail if another process writes
 * meanwhile. The connection need not be durable: if a power cut loses the step, it also loses its progress mark, so the step is
 * repeated.
 * @param locked a table that the step needs anyway, so that it does not fail because of another
 */
export async function inStep<T>(
  db: Knex,
  locked: 'search_progress' | 'message_totals',
  work: (transaction: Knex) => Promise<T>,
): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.raw(`update ${locked} set id = id`);
    return work(transaction);
  });
}

async function count(transaction: Knex, limit: number): Promise<number> {
  const progress = await transaction<{ counted_seq: bigint }>('message_totals').first('counted_seq');
  const from = Number(progress?.counted_seq ?? 0);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (rows === 0) return 0;
  await addToCounters(transaction, { sql: taken, bindings: [from, upTo] });
  await transaction('message_totals').update({ counted_seq: upTo });
  return rows;
}
