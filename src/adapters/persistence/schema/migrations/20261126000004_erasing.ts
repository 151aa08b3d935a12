import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/** PostgreSQL builds an index beside the writes only outside a transaction; SQLite has the migrator's around it. */
export const config = { transaction: false };

/** Tells whether a body is still some message's, which several may share: without it erasing one would read all others. */
export async function up(db: Knex): Promise<void> {
  const concurrently = isPostgres(db) ? 'concurrently' : '';
  await down(db); // an interrupted attempt leaves an invalid index behind
  await db.raw(`create index ${concurrently} messages_by_payload on messages (payload) where payload is not null`);
}

export async function down(db: Knex): Promise<void> {
  await db.raw(`drop index ${isPostgres(db) ? 'concurrently' : ''} if exists messages_by_payload`);
}
