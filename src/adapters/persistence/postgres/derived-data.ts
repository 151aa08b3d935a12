import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { countInto } from '../counting.ts';
import { rowOf, rowsOf } from '../dialect.ts';

/** Advisory locks are numbers that all programs of a database share: `WHIN`, and one for each purpose. */
export const COUNTING_LOCK = [0x5748494e, 1] as const;
const INDEXING_LOCK = [0x5748494e, 2] as const;

/**
 * Takes at most `limit` messages out of the tail into the counters, and the texts that wait for the search index into it;
 * gives how many messages. One replica at a time does it; the others find the lock taken and have nothing to do.
 */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
  const counted = await countNext(db, limit);
  // A role that does not own the index may not: then its pending list waits for autovacuum, or until it is full.
  if (counted < limit) await indexPending(db).catch(() => undefined);
  return counted;
}

async function indexPending(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.raw(
      "select gin_clean_pending_list('messages_by_trigram'::regclass) where pg_try_advisory_xact_lock(?, ?)",
      INDEXING_LOCK,
    );
  });
}

async function countNext(db: Knex, limit: number): Promise<number> {
  return db.transaction(async (transaction) => {
    const { locked } = await rowOf<{ locked: boolean }>(
      transaction,
      'select pg_try_advisory_xact_lock(?, ?) as locked',
      COUNTING_LOCK,
    );
    if (!locked) return 0;
    // A step may be lost in a crash, with what it took out of the tail: then it is done again.
    await transaction.raw('set local synchronous_commit = off');
    const taken = await rowsOf<{ from_msisdn: Msisdn; sent_at: bigint }>(
      transaction,
      `delete from uncounted where ctid in (select ctid from uncounted limit ?) returning from_msisdn, sent_at`,
      [limit],
    );
    if (taken.length === 0) return 0;
    await countInto(transaction, {
      sql: 'unnest(?::text[], ?::bigint[]) as taken (from_msisdn, sent_at)',
      bindings: [taken.map((row) => row.from_msisdn), taken.map((row) => String(row.sent_at))],
    });
    return taken.length;
  });
}
