import { messageEraser } from '../erasure/message-eraser.ts';
import type { ErasingDatabase, ErasingOptions, MaintenanceDatabase } from '../maintenance/open-database.ts';
import { migrateLatest } from '../schema/migrator.ts';
import type { CopySource, CopyTarget } from '../transfer/copy-messages.ts';
import { openPostgres } from './database.ts';
import { backgroundStep } from './derived-data.ts';
import { postgresDialect } from './dialect.ts';
import { postgresErasing } from './erasure.ts';
import { passingReason } from './errors.ts';
import { postgresMessageRepository } from './repository.ts';
import { postgresReindex } from './search/reindex.ts';
import { postgresStorage } from './storage.ts';

/** Another process may use all connections of the server for a while. */
const ACQUIRE_TIMEOUT_MS = 60_000;
/** A command that the terminal stopped (Ctrl-Z) loses its transaction and repeats that step when it continues. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** The migration lock and a concurrent index build each have their own connection. */
const CONNECTIONS = 3;

export function openForMaintenance(url: string): MaintenanceDatabase {
  const db = openPostgres({
    url,
    poolSize: CONNECTIONS,
    statementTimeoutMs: 0, // building an index may take hours
    idleInTransactionMs: IDLE_IN_TRANSACTION_MS,
    acquireTimeoutMs: ACQUIRE_TIMEOUT_MS,
  });
  return { db, dialect: postgresDialect };
}

export function openCopySource(url: string): CopySource {
  return openForMaintenance(url);
}

export async function openCopyTarget(url: string): Promise<CopyTarget> {
  const { db, dialect } = openForMaintenance(url);
  try {
    await migrateLatest(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const repository = postgresMessageRepository(db, db);
  const derive = backgroundStep(db);
  return {
    db,
    dialect,
    add: (messages) => repository.add(messages),
    async deriveNext(limit) {
      const counted = await repeatedOnce(() => derive(limit));
      return counted === 'busy' ? 0 : counted;
    },
  };
}

export function openForErasing(url: string, { idNames }: Pick<ErasingOptions, 'idNames'>): Promise<ErasingDatabase> {
  const { db, dialect } = openForMaintenance(url);
  return Promise.resolve({
    db,
    dialect,
    eraser: messageEraser(db, dialect, postgresErasing, { translate: repeatedOnce, idNames }),
    storage: postgresStorage(db),
    reindex: postgresReindex(db),
    file: null,
  });
}

/** Repeats a step if its session was lost: the terminal may have stopped this process for longer than the server waits. */
async function repeatedOnce<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (passingReason(error) === null) throw error;
    return step();
  }
}
