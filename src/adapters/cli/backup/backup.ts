import { statSync } from 'node:fs';
import {
  UnusableBackup,
  type BackupContent,
  type BackupOptions as Work,
} from '../../persistence/maintenance/backup-content.ts';
import { EXIT_FAULT, say } from '../run-command.ts';
import { loadEnvFile, programEnvironment, readConfig } from '../../../infrastructure/config/config.ts';
import { openForMaintenance, requireDatabase } from '../../../infrastructure/database.ts';
import type { DatabaseLocation } from '../../../infrastructure/config/database-location.ts';
import { explainingSpace, partialFile } from '../partial-file.ts';
import { progressOn } from '../progress.ts';
import { untilStopped } from '../stop-signals.ts';
import { sha256Of } from './digest.ts';
import { asJson, inOrder, summary, type BackupResult } from './result.ts';

export interface BackupOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function backup(file: string, { force = false, json = false }: BackupOptions): Promise<number> {
  loadEnvFile();
  const { database } = readConfig();
  return untilStopped('nothing is left behind', async (signal) => {
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
    const started = performance.now();
    const result = await backUpInto(file, force, database, { signal, onProgress: progress.show }).finally(progress.end);
    const seconds = (performance.now() - started) / 1000;
    say(json ? [asJson(result, seconds)] : summary(result, seconds));
    return inOrder(result) ? 0 : EXIT_FAULT;
  });
}

async function backUpInto(
  file: string,
  replace: boolean,
  database: DatabaseLocation,
  work: Work,
): Promise<BackupResult> {
  const target = partialFile(file, { replace, of: database });
  try {
    const content = await copyInto(target.path, database, work);
    const bytes = statSync(target.path).size;
    const sha256 = await sha256Of(target.path, bytes, work);
    work.signal.throwIfAborted();
    target.finish();
    return { ...content, file, bytes, sha256 };
  } catch (error) {
    if (error instanceof UnusableBackup) throw new Error(`the copy was not usable: ${error.message}`, { cause: error });
    throw explainingSpace(error, file);
  } finally {
    target.discard();
  }
}

/** Loads only the driver that it needs. */
async function copyInto(file: string, database: DatabaseLocation, work: Work): Promise<BackupContent> {
  requireDatabase(database);
  if (database.engine === 'sqlite') {
    const { backUpSqlite } = await import('../../persistence/sqlite/backup/backup.ts');
    return backUpSqlite(database.file, file, work);
  }
  const { backUpPostgres } = await import('../../persistence/postgres/backup/backup.ts');
  const { db } = await openForMaintenance({ database });
  try {
    return await backUpPostgres({ db, url: database.url, environment: programEnvironment() }, file, work);
  } finally {
    await db.destroy();
  }
}
