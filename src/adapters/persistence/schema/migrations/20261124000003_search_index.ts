import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

const PENDING_LIST_KIB = 65_536;

/** PostgreSQL builds an index beside the writes only outside a transaction; SQLite has the migrator's around it. */
export const config = { transaction: false };

/**
 * A trigram index over the folded texts, without a copy of them, and how far it has come: a background step fills it, also
 * for the messages that are there already. The texts are folded by the domain, so the index itself ignores no case.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await createInPostgres(db);
    return;
  }
  await db.raw(
    "create virtual table message_search using fts5 (text, content = '', tokenize = 'trigram case_sensitive 1')",
  );
  await db.raw(`
    create table search_progress (
      id integer primary key check (id = 1),
      indexed_seq integer not null
    ) strict`);
  await db.raw('insert into search_progress values (1, 0)');
}

export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await db.raw('drop index concurrently if exists messages_by_trigram');
    return;
  }
  await db.raw('drop table search_progress');
  await db.raw('drop table message_search');
}

/**
 * An attempt that was cut off leaves an index behind that is not valid. New texts wait in the index's list of pending
 * entries, which the service empties in the background; when the list is full, the insert that finds it so must. The
 * extension stays: others may use it.
 */
async function createInPostgres(db: Knex): Promise<void> {
  await db.raw('create extension if not exists pg_trgm');
  await db.raw('drop index concurrently if exists messages_by_trigram');
  await db.raw(`
    create index concurrently messages_by_trigram on messages using gin (folded gin_trgm_ops)
    with (fastupdate = on, gin_pending_list_limit = ${String(PENDING_LIST_KIB)})`);
}
