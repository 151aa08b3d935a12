import type { Knex } from 'knex';
import { indexNext } from './search-index.ts';
import { countInto } from '../counting.ts';
import { nextMessages } from './next-messages.ts';

/** `not indexed` leaves the primary key: or the whole index by sender would be read, which is grouped already. */
const taken = '(select from_msisdn, sent_at from messages not indexed where seq > ? and seq <= ?) as taken';

/**
 * Lets what is derived from the messages, the search index and the counters, take in the next of them: at most
 * `limit` each. Gives the greater of the two numbers; fewer than `limit` means that both have caught up. For the one
 * connection that writes.
 *
 * Not flushed to the disk: losing the step in a power cut loses its progress marks with it, and it is done again. Messages
 * stay durable, for what they commit afterwards flushes everything before it.
 */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
  await db.raw('pragma synchronous = normal');
  try {
    return await db.transaction(async (transaction) => {
      const indexed = await indexNext(transaction, limit);
      return Math.max(indexed, await countNext(transaction, limit));
    });
  } finally {
    await db.raw('pragma synchronous = full');
  }
}

/** Takes the next messages into the counters, at most `limit`; gives how many. */
async function countNext(transaction: Knex, limit: number): Promise<number> {
  const progress = await transaction<{ counted_seq: bigint }>('message_totals').first('counted_seq');
  const from = Number(progress?.counted_seq ?? 0);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (rows === 0) return 0;
  await countInto(transaction, { sql: taken, bindings: [from, upTo] });
  await transaction('message_totals').update({ counted_seq: upTo });
  return rows;
}
