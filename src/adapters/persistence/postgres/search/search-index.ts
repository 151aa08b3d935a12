import type { Knex } from 'knex';

export const INDEX = 'messages_by_trigram';

/**
 * Moves the pending texts of the search index into its tree, which autovacuum does once a minute at best. Returns at once if
 * another replica holds the lock. Rejects if the role does not own the index; autovacuum does it then.
 */
export async function indexPending(db: Knex, lock: readonly [number, number]): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.raw(`select gin_clean_pending_list('${INDEX}'::regclass) where pg_try_advisory_xact_lock(?, ?)`, [
      ...lock,
    ]);
  });
}
