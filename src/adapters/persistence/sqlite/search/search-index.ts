import type { Knex } from 'knex';
import { nextMessages } from './next-messages.ts';

/** Takes the next messages into the search index, at most `limit`; gives how many. */
export async function takeIntoIndex(transaction: Knex, limit: number): Promise<number> {
  const from = await indexedSeq(transaction);
  const { upTo, rows } = await nextMessages(transaction, from, limit);
  if (rows === 0) return 0;
  await transaction.raw(
    `insert into message_search (rowid, text)
     select seq, fold_case(text) from messages where seq > ? and seq <= ? and text is not null`,
    [from, upTo],
  );
  await transaction('search_progress').update({ indexed_seq: upTo });
  return rows;
}

/** Everything up to this `seq` is in the index; what came later must be looked through. */
export async function indexedSeq(db: Knex): Promise<number> {
  const row = await db<{ indexed_seq: bigint }>('search_progress').first('indexed_seq');
  return Number(row?.indexed_seq ?? 0);
}

/** Empties the search index; the service fills it again in the background, and searches are right meanwhile. */
export async function resetIndex(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    // First, for it takes the lock: the other begins by reading, and would fail when another process writes meanwhile.
    await transaction('search_progress').update({ indexed_seq: 0 });
    await transaction.raw("insert into message_search (message_search) values ('delete-all')");
  });
}
