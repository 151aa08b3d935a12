import type { Database } from 'better-sqlite3';
import SqliteFile from 'better-sqlite3';
import type { BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { withConnection } from '../threads/connection.ts';
import { openSqlite } from '../database.ts';
import { examine } from './examine.ts';

/** Pages between two looks at the signal: a tenth of a second's work on a slow disk. */
const PAGES_AT_A_TIME = 1_000;

/**
 * Copies a live database into `target`, one snapshot of it, and reads the copy through. No writer waits; what is written
 * meanwhile stays in the write-ahead log until it is over. Rejects with UnusableBackup when the copy is damaged.
 */
export async function backUpSqlite(file: string, target: string, options: Work): Promise<BackupContent> {
  const db = openSqlite({ file, readOnly: true });
  try {
    await withConnection(db, (connection) => copySnapshot(connection, target, options));
  } finally {
    await db.destroy();
  }
  makeOneFile(target);
  return examine(target, options);
}

/**
 * Each step would begin anew when another process has written since the last one, and under load never come to an end; in
 * a transaction all of them read the same snapshot (docs/adr/0015).
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
 * Takes the write-ahead log into the file, so that it can be moved, and read where nothing can be written. The service turns
 * the log on again. Throws when that fails; closing a database says nothing then.
 */
export function makeOneFile(file: string): void {
  const copy = new SqliteFile(file);
  try {
    copy.pragma('journal_mode = delete');
  } finally {
    copy.close();
  }
}
