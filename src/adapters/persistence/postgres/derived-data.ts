import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { countInto } from '../counters/counting.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';

/** Advisory locks are numbers that all programs of a database share: `WHIN`, and one for each purpose. */
export const COUNTING_LOCK = [0x5748494e, 1] as const;
const INDEXING_LOCK = [0x5748494e, 2] as const;

/** Messages after which it sweeps although it has not caught up: the next step looks past all that were taken. */
const SWEEP_AFTER = 20_000;

/** The background step of one replica: deriveNext, and sweeping after it. */
export function backgroundStep(db: Knex): (limit: number) => Promise<number> {
  let unswept = 0;
  return async (limit) => {
    const counted = await deriveNext(db, limit);
    unswept += counted;
    if (unswept >= SWEEP_AFTER || (counted < limit && unswept > 0)) {
      unswept = 0;
      await sweep(db).catch(() => undefined);
    }
    return counted;
  };
}

/**
 * What autovacuum does once a minute at best: every read looks through `uncounted`, past the rows that were taken out of it,
 * and the list of pending texts. A role that does not own the tables may not; then they wait for autovacuum.
 */
async function sweep(db: Knex): Promise<void> {
  await db.raw('vacuum (skip_locked) uncounted');
  await indexPending(db);
}

async function indexPending(db: Knex): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.raw(
      "select gin_clean_pending_list('messages_by_trigram'::regclass) where pg_try_advisory_xact_lock(?, ?)",
      INDEXING_LOCK,
    );
  });
}

/**
 * Takes at most `limit` messages out of the tail into the counters; gives how many. One replica at a time does it; the
 * others find the lock taken and have nothing to do.
 */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
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
