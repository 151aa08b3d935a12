import { chmodSync, chownSync, createReadStream, createWriteStream, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UnusableBackup, type BackupOptions as Work } from '../../persistence/maintenance/backup-content.ts';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import { systemClock } from '../../../infrastructure/clock.ts';
import { realPath } from '../../../infrastructure/config/database-location.ts';
import { explainingSpace, partialFile, syncFolderOf } from '../partial-file.ts';
import type { RestoreResult } from './result.ts';

/**
 * Copies the backup beside the database, checks and migrates the copy, and only then lets it take the database's place: stopped
 * anywhere before, the old one is as it was. A link to the database stays one: the file that it leads to is replaced.
 */
export async function restoreSqlite(
  name: string,
  backup: string,
  replace: boolean,
  work: Work,
): Promise<RestoreResult> {
  const database = realPath(name);
  const { databaseExists, replaceDatabase, requireUnused } =
    await import('../../persistence/sqlite/backup/file/replace-database.ts');
  const { prepareRestored } = await import('../../persistence/sqlite/backup/restore.ts');
  const taken = databaseExists(database);
  if (taken && !replace) {
    throw new Error(
      `a database is at ${database}: name another place, or use --force, which keeps the old one beside it`,
    );
  }
  requireUnused(database); // and once more at the end: copying takes minutes
  if ((statSync(`${realPath(backup)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw new UnusableBackup(
      'its write-ahead log lies beside it, so it is a database in use and no backup: use "backup"',
    );
  }
  mkdirSync(path.dirname(path.resolve(database)), { recursive: true });
  // What a restore left that was killed is of no use to anybody.
  const next = partialFile(`${database}.restored`, { replace: true });
  try {
    await copyFile(backup, next.path, work);
    const content = await prepareRestored(next.path, work);
    work.signal.throwIfAborted();
    next.sync();
    takeOverRights(next.path, database);
    const keptAs = taken ? `${database}.before-restore-${stamp()}` : null;
    replaceDatabase(database, next.path, keptAs ?? '');
    syncFolderOf(database);
    return { ...content, keptAs };
  } catch (error) {
    throw explainingSpace(error, database);
  } finally {
    next.discard();
  }
}

async function copyFile(from: string, to: string, { signal, onProgress }: Work): Promise<void> {
  const total = statSync(from).size;
  let done = 0;
  onProgress('copying', done, total);
  const counted = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      done += chunk.length;
      onProgress('copying', done, total);
      yield chunk;
    }
  };
  await pipeline(createReadStream(from, { highWaterMark: 1024 * 1024 }), counted, createWriteStream(to), { signal });
}

/** Of the old file, or of the folder: who restores may be root, and the service must be able to open it. */
function takeOverRights(file: string, database: string): void {
  const old = existsSync(database) ? statSync(database) : null;
  if (old !== null) chmodSync(file, old.mode & 0o777);
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = old ?? statSync(path.dirname(path.resolve(database)));
  chownSync(file, uid, gid);
}

/** `20261126T041500123Z`: no two restores share one. */
function stamp(): string {
  return formatTimestamp(systemClock.now()).replace(/[^0-9TZ]/g, '');
}
