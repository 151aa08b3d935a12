import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/** Some thousand rows at most, which are read by id or all at once: no index but the primary key. No id is used twice. */
export async function up(db: Knex): Promise<void> {
  const [id, integer, strict] = isPostgres(db)
    ? ['bigint generated always as identity primary key', 'bigint', '']
    : ['integer primary key autoincrement', 'integer', 'strict'];
  await db.raw(`
    create table rejections (
      id ${id},
      received_at ${integer} not null,
      provider text not null,
      reason text not null,
      detail text,
      diagnosis text,
      request_id text not null,
      body_bytes ${integer} not null,
      body_sha256 text,
      header_names text not null,
      excerpt text
    ) ${strict}`);
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table rejections');
}
