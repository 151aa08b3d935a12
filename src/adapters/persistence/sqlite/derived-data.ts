import type { Knex } from 'knex';
import { takeIntoIndex } from './search/search-index.ts';
import { countInto } from '../counters/counting.ts';
import { nextMessages } from './search/next-messages.ts';

/** `not indexed` leaves the primary key: or the whole index by sender would be read, which is grouped already. */
const taken = '(select from_msisdn, sent_at from messages not indexed where seq > ? and seq <= ?) as taken';

/** Takes the next messages into the search index, at most `limit`; gives how many. For the one connection that writes. */
export function indexNext(db: Knex, limit: number): Promise<number> {
  return unflushed(db, (transaction) => takeIntoIndex(transaction, limit));
}

/** Takes the next messages into the counters, at most `limit`; gives how many. For the one connection that writes. */
export function countNext(db: Knex, limit: number): Promise<number> {
  return unflushed(db, (transaction) => takeIntoCounters(transaction, limit));
}

/** Both. Gives the greater of the two numbers; fewer than `limit` means that both have caught up. */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
  const indexed = await indexNext(db, limit);
  return Math.max(indexed, await countNext(db, limit));
}

/**
 * A transaction that is not flushed to the disk: losing the step in a power cut loses its progress mark with it, and it is
 * done again. Messages stay durable, for what they commit afterwards flushes everything before it. It begins with a write: one
 * that has read cannot wait for the lock, and fails when another process writes meanwhile.
 */
export async function unflushed<T>(db: Knex, work: (transaction: Knex) => Promise<T>): Promise<T> {
  await db.raw('pragma synchronous = normal');
  try {
    return await db.transaction(async (transaction) => {
      await transaction.raw('update search_progress set indexed_seq = indexed_seq');
      return work(transaction);
    });
  } finally {
    await db.raw('pragma synchronous = full');
  }
}

async function takeIntoCounters(transaction: Knex, limit: number): Promise<number> {
  const progress = await transaction<{ counted_seq: bigint }>('message_totals').first('counted_seq');
  const from = Number(progress?.counted_seq ?? 0);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (rows === 0) return 0;
  await countInto(transaction, { sql: taken, bindings: [from, upTo] });
  await transaction('message_totals').update({ counted_seq: upTo });
  return rows;
}
