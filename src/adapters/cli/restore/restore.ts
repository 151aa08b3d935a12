import { UnusableBackup, type BackupOptions as Work } from '../../persistence/maintenance/backup-content.ts';
import { say } from '../run-command.ts';
import { loadEnvFile, programEnvironment, readConfig } from '../../../infrastructure/config/config.ts';
import { openForMaintenance } from '../../../infrastructure/database.ts';
import type { DatabaseLocation } from '../../../infrastructure/config/database-location.ts';
import { progressOn } from '../progress.ts';
import { untilStopped } from '../stop-signals.ts';
import { kindOf } from './backup-kind.ts';
import { asJson, summary, type RestoreResult } from './result.ts';
import { restoreSqlite } from './sqlite.ts';

export interface RestoreOptions {
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function restore(file: string, { force = false, json = false }: RestoreOptions): Promise<number> {
  loadEnvFile();
  const { database } = readConfig();
  return untilStopped('the database is as it was', async (signal) => {
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
    const started = performance.now();
    const work = { signal, onProgress: progress.show };
    const result = await restoreInto(database, file, force, work)
      .catch((error: unknown) => {
        throw error instanceof UnusableBackup ? new Error(`${file} is not restored: ${error.message}`) : error;
      })
      .finally(progress.end);
    const seconds = (performance.now() - started) / 1000;
    say(json ? [asJson(result, seconds)] : summary(result, seconds));
    return 0;
  });
}

async function restoreInto(
  database: DatabaseLocation,
  file: string,
  replace: boolean,
  work: Work,
): Promise<RestoreResult> {
  const kind = kindOf(file);
  if (kind !== database.engine) {
    throw new UnusableBackup(
      `it is a backup of ${kind === 'sqlite' ? 'SQLite' : 'PostgreSQL'}, which DATABASE_URL is not; restore it into one, then use "copy"`,
    );
  }
  if (database.engine === 'sqlite') return restoreSqlite(database.file, file, replace, work);
  const { restorePostgres } = await import('../../persistence/postgres/backup/restore.ts');
  const { db } = await openForMaintenance({ database });
  try {
    const place = { db, url: database.url, environment: programEnvironment() };
    return { ...(await restorePostgres(place, file, { ...work, replace })), keptAs: null };
  } finally {
    await db.destroy();
  }
}
