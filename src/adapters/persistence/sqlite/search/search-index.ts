import type { Knex } from 'knex';

/** Adds up to `limit` messages to the search index and returns their number. */
export async function addToIndex(transaction: Knex, limit: number): Promise<number> {
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

/** The `seq` up to which messages are indexed. A search must scan later ones. */
export async function indexedSeq(db: Knex): Promise<number> {
  const row = await db<{ indexed_seq: bigint }>('search_progress').first('indexed_seq');
  return Number(row?.indexed_seq ?? 0);
}

/** The last `seq` and the number of the next messages after `from`, up to `limit`. */
export async function nextMessages(db: Knex, from: number, limit: number): Promise<{ upTo: number; rows: number }> {
  const next = db('messages').where('seq', '>', from).orderBy('seq').limit(limit).select('seq').as('next');
  const found = (await db.from(next).max({ seq: 'seq' }).count({ rows: '*' }).first()) as
    { seq: bigint | null; rows: bigint } | undefined;
  return { upTo: Number(found?.seq ?? from), rows: Number(found?.rows ?? 0) };
}

/** Empties the search index. The service refills it in the background; searches stay exact meanwhile. */
export async function resetIndex(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    // This write comes first to take the lock. 'delete-all' begins with a read and would fail if another process writes meanwhile.
    await transaction('search_progress').update({ indexed_seq: 0 });
    await transaction.raw("insert into message_search (message_search) values ('delete-all')");
  });
}
