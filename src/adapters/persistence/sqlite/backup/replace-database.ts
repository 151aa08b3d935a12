import { closeSync, existsSync, linkSync, openSync, readSync, renameSync, statSync } from 'node:fs';
import SqliteFile, { type Database } from 'better-sqlite3';
import { switchJournal } from '../database.ts';

/** The write-ahead log and its index: they belong to one state of the database and would damage another. */
const LOG = ['-wal', '-shm'];
const BEGINNING = 'SQLite format 3\0';
/** Whoever only looks at the database is gone after that. */
const PATIENCE_MS = 2_000;

/** Another process has the database open. */
export class DatabaseInUse extends Error {
  constructor(options?: ErrorOptions) {
    super('another process has the database open: stop the service first', options);
  }
}

/** Whether anything of a database is there, if only its log. */
export function databaseExists(file: string): boolean {
  return ['', ...LOG].some((suffix) => existsSync(file + suffix));
}

/** Throws DatabaseInUse while another process has it open, as far as can be found out. */
export function requireUnused(file: string): void {
  if (existsSync(file)) lockForReplacing(file)?.close();
}

/**
 * Puts `next`, whole and closed, into the place of the database at `file`. What is there is kept as `aside`: at every instant
 * the name leads to the one or the other. Throws DatabaseInUse, with nothing changed, while another process has it open;
 * of a file so damaged that SQLite cannot lock it, that is not found out.
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

/** Asked before SQLite is: what is none it would not leave as it is, for it throws the log beside it away. */
function looksLikeOne(file: string): boolean {
  if (statSync(file).size === 0) return true;
  const beginning = Buffer.alloc(BEGINNING.length);
  const handle = openSync(file, 'r');
  readSync(handle, beginning);
  closeSync(handle);
  return beginning.toString('latin1') === BEGINNING;
}

/** Keeps all others out, and takes what is in the log into the file; null when it is no database any more. */
function lockForReplacing(file: string): Database | null {
  if (!looksLikeOne(file)) return null;
  const connection = new SqliteFile(file, { timeout: PATIENCE_MS });
  try {
    // Refused while there is another connection, also one that does nothing: each holds a shared lock in this mode.
    switchJournal(connection, 'DELETE', PATIENCE_MS);
    connection.exec('begin exclusive');
    // Who came between the two has turned the log on again, and with it this lock keeps nobody out.
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
