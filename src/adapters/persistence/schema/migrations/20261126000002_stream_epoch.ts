import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { isPostgres } from '../dialect.ts';

/** Whose the places in the order of arrival are: ../stream-epoch.ts. */
export async function up(db: Knex): Promise<void> {
  await db.raw(`
    create table stream_epoch (
      id integer primary key check (id = 1),
      epoch text not null
    ) ${isPostgres(db) ? '' : 'strict'}`);
  await db.raw('insert into stream_epoch values (1, ?)', [randomBytes(9).toString('base64url')]);
}

export async function down(db: Knex): Promise<void> {
  await db.raw('drop table stream_epoch');
}
