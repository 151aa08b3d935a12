import { closeSync, existsSync, linkSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import SqliteFile, { type Database } from 'better-sqlite3';
import { switchJournal } from '../../database.ts';

/** The write-ahead log and its index. They belong to one state of the database and would damage another. */
const LOG = ['-wal', '-shm'];
const BEGINNING = 'SQLite format 3\0';
/** Processes that only look at the database have finished after this time. */
const PATIENCE_MS = 2_000;

/** Another process has the database open. */
export class DatabaseInUse extends Error {
  constructor(options?: ErrorOptions) {
    super('another process has the database open: stop the service first', options);
  }
}

/** Whether a database exists, or only its log. */
export function databaseExists(file: string): boolean {
  return ['', ...LOG].some((suffix) => existsSync(file + suffix));
}

/** Throws DatabaseInUse if another process has the database open, as far as that can be detected. */
export function requireUnused(file: string): void {
  if (existsSync(file)) lockForReplacing(file)?.close();
}

/**
 * Replaces the database at `file` by `next`, which must be complete and closed. The old one stays as `aside`; at every instant
 * `file` leads to one of the two. Throws DatabaseInUse without any change if another process has it open. That cannot be
 * detected if the file is so damaged that SQLite cannot lock it.
 */
export function replaceDatabase(file: string, next: string, aside: string): void {
  const lock = existsSync(file) ? lockForReplacing(file) : null;
  try {
    for (const suffix of LOG) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    if (existsSync(file)) linkSync(file, aside);
    renameSync(next, file);
  } finally {
    lock?.close();
  }
}

/** Checked before SQLite opens the file: SQLite would delete the log beside a file that is not a database. */
function looksLikeDatabase(file: string): boolean {
  if (statSync(file).size === 0) return true;
  const beginning = Buffer.alloc(BEGINNING.length);
  const handle = openSync(file, 'r');
  readSync(handle, beginning);
  closeSync(handle);
  return beginning.toString('latin1') === BEGINNING;
}

/** Excludes all other processes and moves the log into the file. Returns null if the file is not a usable database. */
function lockForReplacing(file: string): Database | null {
  if (!looksLikeDatabase(file)) return null;
  const connection = new SqliteFile(file, { timeout: PATIENCE_MS });
  try {
    // Fails while any other connection exists, even an idle one, because each holds a shared lock in WAL mode.
    switchJournal(connection, 'DELETE', PATIENCE_MS);
    connection.exec('begin exclusive');
    // A process that opened it between the two statements enabled the log again, and then this lock excludes nobody.
    if (connection.pragma('journal_mode', { simple: true }) !== 'delete') throw new DatabaseInUse();
    return connection;
  } catch (error) {
    connection.close();
    const { code } = error as { code?: string };
    if (code === 'SQLITE_NOTADB' || code?.startsWith('SQLITE_CORRUPT')) return null;
    if (code?.startsWith('SQLITE_BUSY')) throw new DatabaseInUse({ cause: error });
    throw error;
  }
}
