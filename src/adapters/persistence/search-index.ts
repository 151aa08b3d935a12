import type { Knex } from 'knex';

/**
 * Takes the next messages into the search index, at most `limit`, and gives how many it took; fewer than `limit` means
 * that the index has caught up. For the one connection that writes.
 *
 * Not flushed to the disk: losing the step in a power cut loses its progress mark with it, and it is done again. Messages
 * stay durable, for what they commit afterwards flushes everything before it.
 */
export async function indexNext(db: Knex, limit: number): Promise<number> {
  await db.raw('pragma synchronous = normal');
  try {
    return await db.transaction(async (transaction) => {
      const from = await indexedSeq(transaction);
      const batch = transaction('messages')
        .where('seq', '>', from)
        .orderBy('seq')
        .limit(limit)
        .select('seq')
        .as('batch');
      const last = (await transaction.from(batch).max({ seq: 'seq' }).count({ rows: '*' }).first()) as {
        seq: bigint | null;
        rows: bigint;
      };
      if (last.seq === null) return 0;
      await transaction.raw(
        `insert into message_search (rowid, text)
         select seq, fold_case(text) from messages where seq > ? and seq <= ? and text is not null`,
        [from, Number(last.seq)],
      );
      await transaction('search_progress').update({ indexed_seq: Number(last.seq) });
      return Number(last.rows);
    });
  } finally {
    await db.raw('pragma synchronous = full');
  }
}

/** Everything up to this `seq` is in the index; what came later must be looked through. */
export async function indexedSeq(db: Knex): Promise<number> {
  const row = await db<{ indexed_seq: bigint }>('search_progress').first('indexed_seq');
  return Number(row?.indexed_seq ?? 0);
}

/** Empties the search index; the service fills it again in the background, and searches are right meanwhile. */
export async function resetIndex(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.raw("insert into message_search (message_search) values ('delete-all')");
    await transaction('search_progress').update({ indexed_seq: 0 });
  });
}
