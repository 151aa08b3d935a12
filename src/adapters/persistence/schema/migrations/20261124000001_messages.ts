import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/**
 * `sent_at` is in microseconds since 1970: an integer sorts by instant, whatever the offset the sender wrote.
 * Text compares by code point (SQLite's BINARY collation compares UTF-8 bytes).
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await createInPostgres(db);
    return;
  }
  await db.raw(`
    create table messages (
      seq integer primary key,
      message_id text not null unique,
      from_msisdn text not null,
      to_msisdn text not null,
      sent_at integer not null,
      text text
    ) strict`);
  await db.raw('create index messages_by_instant on messages (sent_at, message_id)');
  await db.raw('create index messages_by_sender on messages (from_msisdn, sent_at, message_id)');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table messages');
}

/**
 * Keys compare by code point whatever the database's locale. `folded` is the text without distinctions of case, folded by the
 * domain, for searching.
 */
async function createInPostgres(db: Knex): Promise<void> {
  await db.raw(`
    create table messages (
      message_id text collate "C" primary key,
      from_msisdn text collate "C" not null,
      to_msisdn text collate "C" not null,
      sent_at bigint not null,
      text text,
      folded text collate "C"
    )`);
  await db.raw('create index messages_by_instant on messages (sent_at, message_id)');
  await db.raw('create index messages_by_sender on messages (from_msisdn, sent_at, message_id)');
}
