import { existsSync } from 'node:fs';
import type { Knex } from 'knex';
import type { CopySource, CopyTarget } from '../adapters/persistence/transfer/copy-messages.ts';
import type { Dialect } from '../adapters/persistence/schema/dialect.ts';
import { migrateLatest } from '../adapters/persistence/schema/migrator.ts';
import type { Reindex } from '../adapters/persistence/maintenance/reindex.ts';
import type { StoreSpace } from '../adapters/persistence/maintenance/storage.ts';
import type { MessageEraser } from '../application/ports/store.ts';
import type { Config } from './config/config.ts';
import { realPath, type DatabaseLocation } from './config/database-location.ts';

/** How long to wait for another process that migrates a large database. */
const MIGRATION_BUSY_TIMEOUT_MS = 60_000;
/** One of them holds the lock that excludes other migrations. */
const MIGRATION_CONNECTIONS = 3;

export interface MaintenanceDatabase {
  /** The caller must destroy it. */
  readonly db: Knex;
  readonly dialect: Dialect;
}

/** The path of an SQLite file that does not exist and that opening would create; null if it exists. */
export function missingFile(location: DatabaseLocation): string | null {
  return location.engine === 'postgres' || existsSync(location.file) ? null : realPath(location.file);
}

/** Throws if the database file does not exist. The error names the path, because the working directory may be the wrong one. */
export function requireDatabase(location: DatabaseLocation): void {
  const missing = missingFile(location);
  if (missing !== null) throw new Error(`the database file is not there: ${missing}`);
}

/** Opens the database for migrations and repairs, and loads only the driver that it needs. */
export async function openForMaintenance({ database }: Pick<Config, 'database'>): Promise<MaintenanceDatabase> {
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

/** Opens a store to copy from, SQLite read-only. The caller must destroy its `db`. */
export async function openCopySource(location: DatabaseLocation): Promise<CopySource> {
  if (location.engine === 'postgres') return openForMaintenance({ database: location });
  requireDatabase(location);
  const { openSqlite } = await import('../adapters/persistence/sqlite/database.ts');
  const { sqliteDialect } = await import('../adapters/persistence/sqlite/dialect.ts');
  return { db: openSqlite({ file: location.file, readOnly: true }), dialect: sqliteDialect };
}

/** Opens a store to copy to; creates it if it does not exist, and migrates it. The caller must destroy its `db`. */
export async function openCopyTarget(location: DatabaseLocation): Promise<CopyTarget> {
  const { db: migrated } = await openForMaintenance({ database: location });
  try {
    await migrateLatest(migrated);
  } finally {
    await migrated.destroy();
  }
  return location.engine === 'postgres' ? postgresTarget(location) : sqliteTarget(location.file);
}

async function postgresTarget(location: DatabaseLocation): Promise<CopyTarget> {
  const { postgresMessageRepository } = await import('../adapters/persistence/postgres/repository.ts');
  const { backgroundStep } = await import('../adapters/persistence/postgres/derived-data.ts');
  const { db, dialect } = await openForMaintenance({ database: location });
  const repository = postgresMessageRepository(db, db);
  return {
    db,
    dialect,
    add: (messages) => repository.add(messages),
    deriveNext: backgroundStep(db),
  };
}

async function sqliteTarget(file: string): Promise<CopyTarget> {
  const { openSqlite } = await import('../adapters/persistence/sqlite/database.ts');
  const { sqliteDialect: dialect } = await import('../adapters/persistence/sqlite/dialect.ts');
  const { sqliteMessageRepository } = await import('../adapters/persistence/sqlite/repository.ts');
  const { deriveNext } = await import('../adapters/persistence/sqlite/derived-data.ts');
  const db = openSqlite({ file, busyTimeoutMs: MIGRATION_BUSY_TIMEOUT_MS }); // an instant needs a bigint
  const repository = sqliteMessageRepository(db);
  return {
    db,
    dialect,
    add: (messages) => repository.add(messages),
    deriveNext: (limit) => deriveNext(db, limit),
  };
}

export interface ErasingDatabase extends MaintenanceDatabase {
  readonly eraser: MessageEraser;
  readonly space: StoreSpace;
  readonly reindex: Reindex;
  /** The file of an SQLite database. */
  readonly file: string | null;
}

/**
 * Opens a database to erase from. The caller must destroy its `db`.
 * @param overwrite whether SQLite overwrites what it deletes, at the cost of additional writes
 */
export async function openForErasing(
  { database }: Pick<Config, 'database'>,
  { overwrite }: { readonly overwrite: boolean },
): Promise<ErasingDatabase> {
  const { messageEraser } = await import('../adapters/persistence/erasure/message-eraser.ts');
  const { idNamesNumber } = await import('../adapters/providers/whatsapp/message-id.ts');
  const outside = { translate: <T>(work: () => Promise<T>): Promise<T> => work(), idNames: idNamesNumber };
  if (database.engine === 'postgres') {
    const { postgresErasing } = await import('../adapters/persistence/postgres/erasure.ts');
    const { postgresReindex } = await import('../adapters/persistence/postgres/reindex.ts');
    const { postgresSpace } = await import('../adapters/persistence/postgres/storage.ts');
    const { db, dialect } = await openForMaintenance({ database });
    return {
      db,
      dialect,
      eraser: messageEraser(db, dialect, postgresErasing, outside),
      space: postgresSpace(db),
      reindex: postgresReindex(db),
      file: null,
    };
  }
  requireDatabase(database);
  const { openSqlite } = await import('../adapters/persistence/sqlite/database.ts');
  const { sqliteDialect: dialect } = await import('../adapters/persistence/sqlite/dialect.ts');
  const { sqliteErasing } = await import('../adapters/persistence/sqlite/erasure.ts');
  const { sqliteReindex } = await import('../adapters/persistence/sqlite/reindex.ts');
  const { sqliteSpace } = await import('../adapters/persistence/sqlite/storage.ts');
  const db = openSqlite({ file: database.file, busyTimeoutMs: MIGRATION_BUSY_TIMEOUT_MS });
  if (overwrite) await db.raw('pragma secure_delete = on');
  return {
    db,
    dialect,
    eraser: messageEraser(db, dialect, sqliteErasing, outside),
    space: sqliteSpace(db, database.file),
    reindex: sqliteReindex(db),
    file: database.file,
  };
}
