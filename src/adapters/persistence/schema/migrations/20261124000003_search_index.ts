import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';
import { requireTrigrams, trigramOperators } from '../trigram-operators.ts';

const PENDING_LIST_KIB = 65_536;

/** PostgreSQL builds an index beside the writes only outside a transaction; SQLite has the migrator's around it. */
export const config = { transaction: false };

/**
 * A trigram index over the folded texts, without a copy of them, and its progress: a background step fills it, including
 * messages stored before. The domain folds the texts, so the index itself is case-sensitive.
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
 * An interrupted attempt leaves an invalid index behind. New texts wait in the index's list of pending entries, which the
 * service empties in the background; if the list is full, the next insert must empty it. The extension stays, because other
 * applications may use it.
 */
async function createInPostgres(db: Knex): Promise<void> {
  await requireTrigrams(db);
  await db.raw('drop index concurrently if exists messages_by_trigram');
  await db.raw(`
    create index concurrently messages_by_trigram on messages using gin (folded ${await trigramOperators(db)})
    with (fastupdate = on, gin_pending_list_limit = ${String(PENDING_LIST_KIB)})`);
}
