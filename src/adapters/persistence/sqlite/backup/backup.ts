import type { Database } from 'better-sqlite3';
import SqliteFile from 'better-sqlite3';
import type { BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { openSqlite, withConnection } from '../database.ts';
import { examine } from './examine.ts';

/** Pages between two checks of the signal: about 0.1 s on a slow disk. */
const PAGES_AT_A_TIME = 1_000;

/**
 * Copies one snapshot of a live database into `target` and checks the copy. No writer waits; the write-ahead log keeps all
 * concurrent writes until the copy is complete. Rejects with UnusableBackup if the copy is damaged.
 */
export async function backUpSqlite(file: string, target: string, options: Work): Promise<BackupContent> {
  const db = openSqlite({ file, readOnly: true, closesLog: true });
  try {
    await withConnection(db, (connection) => copySnapshot(connection, target, options));
  } finally {
    await db.destroy();
  }
  makeOneFile(target);
  return examine(target, options);
}

/**
 * Copies in a read transaction, in which all steps read the same snapshot. Without it the copy restarts after each write of
 * another process and never completes under load (docs/adr/0015).
 */
async function copySnapshot(connection: Database, target: string, options: Work): Promise<void> {
  const { signal, onProgress } = options;
  connection.exec('begin');
  try {
    connection.prepare('select count(*) from sqlite_schema').get(); // takes the snapshot
    await connection.backup(target, {
      progress({ totalPages, remainingPages }) {
        signal.throwIfAborted();
        onProgress('copying', totalPages - remainingPages, totalPages);
        return PAGES_AT_A_TIME;
      },
    });
  } finally {
    connection.exec('rollback');
  }
}

/**
 * Moves the write-ahead log into the file, so that the file can be moved and read on a read-only disk. The service enables the
 * log again. Throws if that fails, whereas closing a database would ignore it.
 */
export function makeOneFile(file: string): void {
  const copy = new SqliteFile(file);
  try {
    copy.pragma('journal_mode = delete');
  } finally {
    copy.close();
  }
}
