import { chmodSync, chownSync, createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UnusableBackup, type Files, type RestoredContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import type { Clock } from '../../../../application/ports/time.ts';
import { formatTimestamp, type Timestamp } from '../../../../domain/timestamp.ts';
import { makeFolder } from '../files/make-folder.ts';
import { databaseExists, replaceDatabase, requireUnused } from './file/replace-database.ts';
import { prepareRestored } from './prepare-restored.ts';

/**
 * Copies the backup beside the database, checks and migrates the copy, and only then puts it in the place of the database:
 * stopped before that, the database is unchanged. A link to the database stays a link: its target is replaced.
 */
export async function restoreSqlite(
  name: string,
  backup: string,
  replace: boolean,
  { files, clock, ...work }: Work & { readonly files: Files; readonly clock: Clock },
): Promise<RestoredContent> {
  const database = files.realPath(name);
  const taken = databaseExists(database);
  if (taken && !replace) {
    throw new Error(
      `a database is at ${database}: name another place, or use --force, which keeps the old one beside it`,
    );
  }
  requireUnused(database); // checked again at the end: copying takes minutes
  if ((statSync(`${files.realPath(backup)}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) {
    throw new UnusableBackup(
      'its write-ahead log lies beside it, so it is a database in use and no backup: use "backup"',
    );
  }
  makeFolder(path.dirname(path.resolve(database)));
  // `replace`: what a killed restore left is useless.
  const next = files.partial(`${database}.restored`, { replace: true });
  try {
    await copyFile(backup, next.path, work);
    const content = await prepareRestored(next.path, work);
    work.signal.throwIfAborted();
    next.sync();
    adoptRights(next.path, database);
    const keptAs = taken ? `${database}.before-restore-${stamp(clock.now())}` : null;
    replaceDatabase(database, next.path, keptAs ?? '');
    files.syncFolderOf(database);
    return { ...content, keptAs };
  } catch (error) {
    throw files.explain(error, database);
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

/** Copies mode and owner of the old file, else of the folder: root may run the restore, and the service must open the file. */
function adoptRights(file: string, database: string): void {
  const old = existsSync(database) ? statSync(database) : null;
  if (old !== null) chmodSync(file, old.mode & 0o777);
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = old ?? statSync(path.dirname(path.resolve(database)));
  chownSync(file, uid, gid);
}

/** `20261126T041500123Z`: no two restores share a stamp. */
function stamp(now: Timestamp): string {
  return formatTimestamp(now).replace(/[^0-9TZ]/g, '');
}
