import { messageEraser } from '../erasure/message-eraser.ts';
import type { ErasingDatabase, ErasingOptions, MaintenanceDatabase } from '../maintenance/open-database.ts';
import { migrateLatest } from '../schema/migrator.ts';
import type { CopySource, CopyTarget } from '../transfer/copy-messages.ts';
import { openSqlite } from './database.ts';
import { deriveNext } from './derived-data.ts';
import { sqliteDialect } from './dialect.ts';
import { sqliteErasing } from './erasure.ts';
import { sqliteMessageRepository } from './repository.ts';
import { sqliteReindex } from './search/reindex.ts';
import { sqliteStorage } from './storage.ts';

/** Another process may hold the lock while it migrates a large database. */
const BUSY_TIMEOUT_MS = 60_000;

export function openForMaintenance(file: string): MaintenanceDatabase {
  return { db: openSqlite({ file, busyTimeoutMs: BUSY_TIMEOUT_MS, bigIntegers: false }), dialect: sqliteDialect };
}

export function openCopySource(file: string): CopySource {
  return { db: openSqlite({ file, readOnly: true, closesLog: true }), dialect: sqliteDialect };
}

export async function openCopyTarget(file: string): Promise<CopyTarget> {
  const { db: migrated } = openForMaintenance(file);
  try {
    await migrateLatest(migrated);
  } finally {
    await migrated.destroy();
  }
  const db = openSqlite({ file, busyTimeoutMs: BUSY_TIMEOUT_MS }); // again, because instants need bigIntegers
  const repository = sqliteMessageRepository(db);
  return {
    db,
    dialect: sqliteDialect,
    add: (messages) => repository.add(messages),
    deriveNext: (limit) => deriveOn(file, limit),
  };
}

/** Repeatable work needs no flush, so it has a connection of its own. Opening one takes about a millisecond. */
async function deriveOn(file: string, limit: number): Promise<number> {
  const steps = openSqlite({ file, busyTimeoutMs: BUSY_TIMEOUT_MS, durable: false });
  try {
    return await deriveNext(steps, limit);
  } finally {
    await steps.destroy();
  }
}

export async function openForErasing(file: string, { overwrite, idNames }: ErasingOptions): Promise<ErasingDatabase> {
  const db = openSqlite({ file, busyTimeoutMs: BUSY_TIMEOUT_MS, durable: false }); // erasing is repeatable
  if (overwrite) await db.raw('pragma secure_delete = on');
  return {
    db,
    dialect: sqliteDialect,
    eraser: messageEraser(db, sqliteDialect, sqliteErasing, { translate: (work) => work(), idNames }),
    storage: sqliteStorage(db, file),
    reindex: sqliteReindex(db),
    file,
  };
}
