import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { subtractFromCounters } from '../counters/counting.ts';
import { rowOf, rowsOf, type ErasingDialect } from '../schema/dialect.ts';
import { COUNTING_LOCK } from './derived-data.ts';

const ERASING_LOCK = [COUNTING_LOCK[0], 3] as const;

/**
 * Erasing for a pool of connections. It cannot deadlock with ingest: both lock statuses in the order of their keys, and nobody who
 * waits for a lock holds any other lock that erasing takes.
 */
export const postgresErasing: ErasingDialect = {
  exclusively: (db, work) =>
    db.transaction(async (transaction) => {
      const { locked } = await rowOf<{ locked: boolean }>(
        transaction,
        'select pg_try_advisory_xact_lock(?, ?) as locked',
        ERASING_LOCK,
      );
      if (!locked) return 'busy';
      await transaction.raw('select pg_advisory_xact_lock(?, ?)', [...COUNTING_LOCK]);
      // If a crash loses the step, the next run repeats it.
      await transaction.raw('set local synchronous_commit = off');
      return work(transaction);
    }),

  async forget(transaction, keys) {
    const counted = await removeFromBacklog(transaction, keys);
    await subtractFromCounters(transaction, {
      sql: 'unnest(?::text[], ?::bigint[]) as counted (from_msisdn, sent_at)',
      bindings: [counted.map((row) => row.from_msisdn), counted.map((row) => String(row.sent_at))],
    });
  },

  placeInBody: 'position(?::bytea in body)',

  latestReceipts:
    'select coalesce(received_at, sent_at) as at from messages where arrived is not null order by arrived desc',

  serverTime: 'select (extract(epoch from clock_timestamp()) * 1000000)::bigint as now',
};

/**
 * Removes messages from the uncounted backlog, and returns those that were not in it: the counters include them. The backlog has
 * no ids and may contain equal rows; for n erased messages it removes up to n equal rows.
 */
function removeFromBacklog(
  transaction: Knex,
  keys: readonly string[],
): Promise<{ from_msisdn: Msisdn; sent_at: bigint }[]> {
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
