import type { Knex } from 'knex';
import { rebuildCounters } from '../counter-check.ts';

/**
 * Counts kept in the transaction that stores the messages, so that totals and statistics never scan them. Periods are
 * minutes, hours, days and spans of 1024 days (`width` in seconds); `starts_at` is in microseconds, as `sent_at` is.
 */
export async function up(db: Knex): Promise<void> {
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

  await rebuildCounters(db);
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table period_counts');
  await db.raw('drop table sender_counts');
  await db.raw('drop table message_totals');
}
