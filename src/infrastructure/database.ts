import { existsSync } from 'node:fs';
import type { CopySource, CopyTarget } from '../adapters/persistence/transfer/copy-messages.ts';
import { migrateLatest } from '../adapters/persistence/schema/migrator.ts';
import type { Reindex } from '../adapters/persistence/maintenance/reindex.ts';
import type { StoreSpace } from '../adapters/persistence/maintenance/storage.ts';
import type { MessageEraser } from '../application/ports/store.ts';
import type { Config } from './config/config.ts';
import { realPath } from '../adapters/files/real-path.ts';
import type { DatabaseLocation } from './config/database-location.ts';

/** Another process may be migrating a large database: wait for it, a minute at most. */
const MIGRATION_BUSY_TIMEOUT_MS = 60_000;
/** The lock that keeps other migrations off has a connection of its own. */
const MIGRATION_CONNECTIONS = 3;

/** An open database. Its `db` is to be destroyed by the caller. */
export type MaintenanceDatabase = CopySource;

/** Where an SQLite file was looked for that is not there, so that opening would make it; null where there is one. */
export function missingFile(location: DatabaseLocation): string | null {
  return location.engine === 'postgres' || existsSync(location.file) ? null : realPath(location.file);
}

/** For what is to make no database. Says where it looked: the working directory may be another than was meant. */
export function requireDatabase(location: DatabaseLocation): void {
  const missing = missingFile(location);
  if (missing !== null) throw new Error(`the database file is not there: ${missing}`);
}

/** The database for migrations and repairs. Loads only the driver that it needs. */
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

/** A store to copy from: SQLite only for reading. To be destroyed by the caller. */
export async function openCopySource(location: DatabaseLocation): Promise<CopySource> {
  if (location.engine === 'postgres') return openForMaintenance({ database: location });
  requireDatabase(location);
  const { openSqlite } = await import('../adapters/persistence/sqlite/database.ts');
  const { sqliteDialect } = await import('../adapters/persistence/sqlite/dialect.ts');
  return { db: openSqlite({ file: location.file, readOnly: true }), dialect: sqliteDialect };
}

/** A store to copy to, made when it is not there and migrated. Its `db` is to be destroyed by the caller. */
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
  /** Of an SQLite database. */
  readonly file: string | null;
}

/**
 * A database to erase from. Its `db` is to be destroyed by the caller.
 * @param overwrite whether SQLite is to overwrite what goes, which costs some writing
 */
export async function openForErasing(
  { database }: Pick<Config, 'database'>,
  { overwrite }: { readonly overwrite: boolean },
): Promise<ErasingDatabase> {
  const { messageEraser } = await import('../adapters/persistence/erasure/message-eraser.ts');
  const asItIs = <T>(work: () => Promise<T>): Promise<T> => work();
  if (database.engine === 'postgres') {
    const { postgresErasing } = await import('../adapters/persistence/postgres/erasure.ts');
    const { postgresReindex } = await import('../adapters/persistence/postgres/reindex.ts');
    const { postgresSpace } = await import('../adapters/persistence/postgres/storage.ts');
    const { db, dialect } = await openForMaintenance({ database });
    return {
      db,
      dialect,
      eraser: messageEraser(db, dialect, postgresErasing, asItIs),
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
    eraser: messageEraser(db, dialect, sqliteErasing, asItIs),
    space: sqliteSpace(db, database.file),
    reindex: sqliteReindex(db),
    file: database.file,
  };
}
