import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Database } from 'better-sqlite3';
import knex, { type Knex } from 'knex';
import { StoreUnavailable } from '../../../application/ports/store.ts';
import { foldCase } from '../../../domain/text-folding.ts';

/** How long a statement waits for another process's lock before it fails as busy. */
const BUSY_TIMEOUT_MS = 5_000;

/** The writer needs the pages of its indexes at hand; readers are many, and find theirs in the system's own cache. */
const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 2_048;

/** What the write-ahead log keeps for itself when everything in it is in the database. */
const LOG_BYTES = 64 * 2 ** 20;

/** Knex would write to the console what it also rejects with. */
const SILENT = { error: () => undefined, warn: () => undefined, deprecate: () => undefined, debug: () => undefined };

export interface SqliteOptions {
  /** Absolute, or relative to the working directory. Its folder is made when it is not there. */
  readonly file: string;
  readonly busyTimeoutMs?: number;
  /**
   * A reader sees the last commit and waits for no writer. The file must be there.
   * @default false
   */
  readonly readOnly?: boolean;
  /**
   * Integers come back as bigint, which `sent_at` needs and Knex's migrator cannot bear.
   * @default true
   */
  readonly bigIntegers?: boolean;
}

/**
 * One connection to an SQLite file, set up so that a commit that returned is on the disk: write-ahead log and
 * `synchronous=FULL` (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function openSqlite(options: SqliteOptions): Knex {
  const readOnly = options.readOnly ?? false;
  if (!readOnly) mkdirSync(path.dirname(path.resolve(options.file)), { recursive: true });
  else if (!existsSync(options.file)) throw new StoreUnavailable('the database file is not there');
  return knex({
    client: 'better-sqlite3',
    connection: {
      filename: options.file,
      options: { safeIntegers: options.bigIntegers ?? true, readonly: readOnly },
    },
    useNullAsDefault: true,
    // An error's text would otherwise hold the values of the statement: messages and phone numbers in the log.
    compileSqlOnError: false,
    log: SILENT,
    pool: {
      min: 1,
      max: 1,
      afterCreate(connection: Database, done: (error: unknown, connection: Database) => void) {
        try {
          prepareConnection(connection, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS);
          connection.pragma(`cache_size = -${String(readOnly ? READER_CACHE_KIB : WRITER_CACHE_KIB)}`); // negative: KiB
          if (!readOnly) prepareWriter(connection, options.busyTimeoutMs ?? BUSY_TIMEOUT_MS);
          done(null, connection);
        } catch (error) {
          done(error, connection);
        }
      },
    },
  });
}

function prepareConnection(connection: Database, busyTimeoutMs: number): void {
  connection.pragma(`busy_timeout = ${String(busyTimeoutMs)}`); // first: changing the journal mode takes a lock
  connection.function('fold_case', { deterministic: true }, (text: unknown) =>
    typeof text === 'string' ? foldCase(text) : null,
  );
  connection.function('contains_folded', { deterministic: true }, (text: unknown, foldedNeedle: unknown) =>
    typeof text === 'string' && foldCase(text).includes(String(foldedNeedle)) ? 1 : 0,
  );
}

function prepareWriter(connection: Database, busyTimeoutMs: number): void {
  // Only what is new takes it, and only before anything else is written: its file can be cut shorter, step by step.
  connection.pragma('auto_vacuum = incremental');
  switchJournal(connection, 'WAL', busyTimeoutMs);
  connection.pragma('synchronous = FULL');
  // A log that a long read has let grow is cut down again as soon as it can be.
  connection.pragma(`journal_size_limit = ${String(LOG_BYTES)}`);
  connection.pragma('foreign_keys = ON');
}

/** Changes the journal of a database; SQLite itself does not wait for a lock then, whatever the connection's timeout. */
export function switchJournal(connection: Database, mode: 'WAL' | 'DELETE', timeoutMs: number): void {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      connection.pragma(`journal_mode = ${mode}`);
      return;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (code !== 'SQLITE_BUSY' || performance.now() > deadline) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    }
  }
}

/** A write that changes nothing. Not by an update: SQLite leaves out the writing of what is there already. */
export async function tryWrite(db: Knex): Promise<void> {
  const [row] = await db.raw<{ user_version: bigint | number }[]>('pragma user_version');
  await db.raw(`pragma user_version = ${String(row?.user_version ?? 0)}`);
}
