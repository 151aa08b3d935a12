import type { Knex } from 'knex';
import { openSqlite } from '../adapters/persistence/sqlite/database.ts';
import type { Config } from './config.ts';

/** Another process may be migrating a large database: wait for it, a minute at most. */
const MIGRATION_BUSY_TIMEOUT_MS = 60_000;

/** A connection for migrations, to be destroyed by the caller. */
export function openForMigrations({ database }: Config): Knex {
  return openSqlite({ file: database.file, busyTimeoutMs: MIGRATION_BUSY_TIMEOUT_MS, bigIntegers: false });
}
