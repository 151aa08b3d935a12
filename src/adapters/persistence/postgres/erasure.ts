import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { uncount } from '../counters/counting.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import type { ErasingDialect } from '../erasure/erasing-dialect.ts';
import { COUNTING_LOCK } from './derived-data.ts';

/** Of the same numbers as the other locks. */
const ERASING_LOCK = [COUNTING_LOCK[0], 3] as const;

/**
 * Erasing for a pool of connections. It cannot wait for ingest and ingest for it: both take the rows of states in the order of
 * their keys, and what else it takes is held by nobody who waits.
 */
export const postgresErasing: ErasingDialect = {
  alone: (db, work) =>
    db.transaction(async (transaction) => {
      const { locked } = await rowOf<{ locked: boolean }>(
        transaction,
        'select pg_try_advisory_xact_lock(?, ?) as locked',
        ERASING_LOCK,
      );
      if (!locked) return 'busy';
      await transaction.raw('select pg_advisory_xact_lock(?, ?)', [...COUNTING_LOCK]);
      // A step may be lost in a crash: then it is done again.
      await transaction.raw('set local synchronous_commit = off');
      return work(transaction);
    }),

  async forget(transaction, keys) {
    const counted = await outOfTail(transaction, keys);
    await uncount(transaction, {
      sql: 'unnest(?::text[], ?::bigint[]) as counted (from_msisdn, sent_at)',
      bindings: [counted.map((row) => row.from_msisdn), counted.map((row) => String(row.sent_at))],
    });
  },

  placeInBody: 'position(?::bytea in body)',
};

/**
 * The tail knows neither ids nor how often it holds what: of equal rows it gives up as many as go, and what it does not hold
 * is in the counters. Gives those.
 */
function outOfTail(transaction: Knex, keys: readonly string[]): Promise<{ from_msisdn: Msisdn; sent_at: bigint }[]> {
  return rowsOf(
    transaction,
    `with gone as materialized (
       select from_msisdn, sent_at, row_number() over (partition by from_msisdn, sent_at) as nth
       from messages where message_id = any (?::text[])
     ), late as materialized (
       select ctid as place, from_msisdn, sent_at, row_number() over (partition by from_msisdn, sent_at) as nth
       from uncounted where (from_msisdn, sent_at) in (select from_msisdn, sent_at from gone)
     ), taken as (
       delete from uncounted using late join gone using (from_msisdn, sent_at, nth) where uncounted.ctid = late.place
     )
     select from_msisdn, sent_at from gone
     where not exists (
       select 1 from late where (late.from_msisdn, late.sent_at, late.nth) = (gone.from_msisdn, gone.sent_at, gone.nth)
     )`,
    [keys],
  );
}
