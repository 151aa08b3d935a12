import type { Knex } from 'knex';
import type { BackgroundObserver, BackgroundStep } from '../../../application/ports/telemetry.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { UNOBSERVED } from '../ingest/derived-data-worker.ts';
import { addToCounters } from '../counters/counting.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import { indexPending } from './search/search-index.ts';

/** All programs of a database share its advisory locks: the first number (`WHIN`) is ours, the second stands for the purpose. */
export const COUNTING_LOCK = [0x5748494e, 1] as const;
const INDEXING_LOCK = [0x5748494e, 2] as const;

/** Messages after which it vacuums even if a backlog is left, because each step skips the rows deleted before. */
const VACUUM_AFTER = 20_000;

/** SQLSTATE of a role that does not own the index, for which autovacuum does the work. */
const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * The background step of one replica: counts like deriveNext, then vacuums when the backlog is empty or many rows were deleted.
 * `busy`: another replica is counting. The observer learns of the vacuum; it does not affect the result.
 */
export function backgroundStep(db: Knex, observer = UNOBSERVED): (limit: number) => Promise<number | 'busy'> {
  let deleted = 0;
  return async (limit) => {
    const counted = await countNext(db, limit);
    if (counted === 'busy') return counted;
    deleted += counted;
    if (deleted >= VACUUM_AFTER || (counted < limit && deleted > 0)) {
      deleted = 0;
      await observed(observer, 'vacuum', () => db.raw('vacuum (skip_locked) uncounted'));
      await observed(observer, 'search_index', () => indexPending(db, INDEXING_LOCK));
    }
    return counted;
  };
}

/**
 * Both do what autovacuum does once a minute at best. Every read scans `uncounted`, including the deleted rows, and the pending
 * texts of the search index.
 */
async function observed(
  observer: BackgroundObserver,
  step: BackgroundStep,
  work: () => Promise<unknown>,
): Promise<void> {
  try {
    await work();
    observer.succeeded(step);
  } catch (error) {
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) observer.failed(step, error);
  }
}

/**
 * Counts up to `limit` messages of the uncounted backlog and returns their number. One replica counts at a time; the others
 * find the lock taken and return 0.
 */
export async function deriveNext(db: Knex, limit: number): Promise<number> {
  const counted = await countNext(db, limit);
  return counted === 'busy' ? 0 : counted;
}

async function countNext(db: Knex, limit: number): Promise<number | 'busy'> {
  return db.transaction(async (transaction) => {
    const { locked } = await rowOf<{ locked: boolean }>(
      transaction,
      'select pg_try_advisory_xact_lock(?, ?) as locked',
      COUNTING_LOCK,
    );
    if (!locked) return 'busy';
    // If a crash loses the step, the backlog still has its messages, and the step is repeated.
    await transaction.raw('set local synchronous_commit = off');
    const taken = await rowsOf<{ from_msisdn: Msisdn; sent_at: bigint }>(
      transaction,
      `delete from uncounted where ctid in (select ctid from uncounted limit ?) returning from_msisdn, sent_at`,
      [limit],
    );
    if (taken.length === 0) return 0;
    await addToCounters(transaction, {
      sql: 'unnest(?::text[], ?::bigint[]) as taken (from_msisdn, sent_at)',
      bindings: [taken.map((row) => row.from_msisdn), taken.map((row) => String(row.sent_at))],
    });
    return taken.length;
  });
}
