import type { Knex } from 'knex';
import type { Dialect } from '../adapters/persistence/dialect.ts';
import type { Config } from './config.ts';

/** Another process may be migrating a large database: wait for it, a minute at most. */
const MIGRATION_BUSY_TIMEOUT_MS = 60_000;
/** The lock that keeps other migrations off has a connection of its own. */
const MIGRATION_CONNECTIONS = 3;

export interface MaintenanceDatabase {
  /** To be destroyed by the caller. */
  readonly db: Knex;
  readonly dialect: Dialect;
}

/** The database for migrations and repairs. Loads only the driver that it needs. */
export async function openForMaintenance({ database }: Config): Promise<MaintenanceDatabase> {
  if (database.engine === 'postgres') {
    const { openPostgres } = await import('../adapters/persistence/postgres/database.ts');
    const { postgresDialect } = await import('../adapters/persistence/postgres/dialect.ts');
    const db = openPostgres({
      url: database.url,
      poolSize: MIGRATION_CONNECTIONS,
      statementTimeoutMs: 0, // building an index may take hours
      acquireTimeoutMs: MIGRATION_BUSY_TIMEOUT_MS,
    });
    return { db, dialect: postgresDialect };
  }
  const { openSqlite } = await import('../adapters/persistence/sqlite/database.ts');
  const { sqliteDialect } = await import('../adapters/persistence/sqlite/dialect.ts');
  const db = openSqlite({ file: database.file, busyTimeoutMs: MIGRATION_BUSY_TIMEOUT_MS, bigIntegers: false });
  return { db, dialect: sqliteDialect };
}
