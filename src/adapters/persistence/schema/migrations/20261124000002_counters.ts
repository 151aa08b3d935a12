import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/**
 * Counts kept in the transaction that stores the messages, so that totals and statistics never scan them. Periods are
 * minutes, hours, days and spans of 1024 days (`width` in seconds); `starts_at` is in microseconds, as `sent_at` is.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await createInPostgres(db);
    return;
  }
  await db.raw(`
    create table message_totals (
      id integer primary key check (id = 1),
      messages integer not null,
      senders integer not null
    ) strict`);
  await db.raw(`
    create table sender_counts (
      from_msisdn text primary key,
      messages integer not null
    ) strict, without rowid`);
  await db.raw('create index sender_counts_by_rank on sender_counts (messages desc, from_msisdn)');
  await db.raw(`
    create table period_counts (
      width integer not null,
      starts_at integer not null,
      messages integer not null,
      primary key (width, starts_at)
    ) strict, without rowid`);

  await db.raw('insert into message_totals select 1, count(*), count(distinct from_msisdn) from messages');
  await db.raw('insert into sender_counts select from_msisdn, count(*) from messages group by from_msisdn');
  for (const width of [60, 3_600, 86_400, 88_473_600]) {
    const micros = `${String(width)}000000`;
    // The remainder has the sign of the instant; before 1970, too, a period must begin before the instants in it.
    await db.raw(`
      insert into period_counts
      select ${String(width)}, sent_at - ((sent_at % ${micros}) + ${micros}) % ${micros}, count(*)
      from messages group by 2`);
  }
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table period_counts');
  await db.raw('drop table sender_counts');
  await db.raw('drop table message_totals');
  if (isPostgres(db)) await db.raw('drop table uncounted');
}

/**
 * `uncounted` contains the messages that are not yet counted. Its rows are inserted and deleted all the time, so vacuum it
 * often: otherwise reading the few rows would mean scanning the many deleted ones.
 */
async function createInPostgres(db: Knex): Promise<void> {
  await db.raw(`
    create table message_totals (
      id integer primary key check (id = 1),
      messages bigint not null,
      senders bigint not null
    )`);
  await db.raw('create table sender_counts (from_msisdn text collate "C" primary key, messages bigint not null)');
  await db.raw('create index sender_counts_by_rank on sender_counts (messages desc, from_msisdn)');
  await db.raw(`
    create table period_counts (
      width integer not null,
      starts_at bigint not null,
      messages bigint not null,
      primary key (width, starts_at)
    )`);
  await db.raw(`
    create table uncounted (from_msisdn text collate "C" not null, sent_at bigint not null)
    with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0)`);
  await db.raw('insert into message_totals values (1, 0, 0)');
  await db.raw('insert into uncounted select from_msisdn, sent_at from messages');
}
