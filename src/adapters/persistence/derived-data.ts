import type { Knex } from 'knex';
import { indexNext } from './search-index.ts';
import { countSendersNext } from './sender-counts.ts';

/**
 * Lets what is derived from the messages, the search index and the senders' counts, take in the next of them: at most
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
      return Math.max(indexed, await countSendersNext(transaction, limit));
    });
  } finally {
    await db.raw('pragma synchronous = full');
  }
}
