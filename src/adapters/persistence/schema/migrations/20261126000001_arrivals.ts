import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/** PostgreSQL builds an index beside the writes only outside a transaction; SQLite has the migrator's around it. */
export const config = { transaction: false };

/**
 * Adds the time of receipt (microseconds since 1970) and the trace of each message; null for messages stored before. The
 * columns are optional, because the previous version may still store messages beside this one.
 */
export async function up(db: Knex): Promise<void> {
  if (isPostgres(db)) {
    await upInPostgres(db);
    return;
  }
  await db.raw('alter table messages add column received_at integer');
  await db.raw('alter table messages add column trace_id text');
}

export async function down(db: Knex): Promise<void> {
  if (isPostgres(db)) await db.raw('drop index concurrently if exists messages_by_arrival');
  for (const column of isPostgres(db) ? ['arrived', 'trace_id', 'received_at'] : ['trace_id', 'received_at']) {
    await db.raw(`alter table messages drop column ${column}`);
  }
}

/**
 * The number of the storing transaction orders messages across all replicas; on SQLite, `seq` does. A separate statement
 * sets the default, because otherwise all existing rows would get the number of this transaction. One entry of the index
 * serves all messages of a commit.
 */
async function upInPostgres(db: Knex): Promise<void> {
  for (const column of ['received_at bigint', 'trace_id text', 'arrived xid8']) {
    await db.raw(`alter table messages add column if not exists ${column}`); // an attempt may have been cut off
  }
  await db.raw('alter table messages alter column arrived set default pg_current_xact_id()');
  await db.raw('drop index concurrently if exists messages_by_arrival');
  await db.raw('create index concurrently messages_by_arrival on messages (arrived) where arrived is not null');
}
