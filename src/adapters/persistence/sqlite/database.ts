import { existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import type { Database } from 'better-sqlite3';
import knex, { type Knex } from 'knex';
import { StoreUnavailable } from '../../../application/ports/store.ts';
import { foldCase } from '../../../domain/text-folding.ts';

/** How long a statement waits for another process's lock before it fails as busy. */
const BUSY_TIMEOUT_MS = 5_000;

/** The writer keeps the pages of its indexes in its cache. The readers are many and use the system's page cache. */
const WRITER_CACHE_KIB = 32_768;
const READER_CACHE_KIB = 2_048;

/** Size to which the write-ahead log is truncated after a checkpoint. */
const LOG_BYTES = 64 * 2 ** 20;

/** Knex would print errors with which it also rejects. */
const SILENT = { error: () => undefined, warn: () => undefined, deprecate: () => undefined, debug: () => undefined };

export interface SqliteOptions {
  /** Absolute, or relative to the working directory. A writer creates its folder. */
  readonly file: string;
  readonly busyTimeoutMs?: number;
  /**
   * A reader sees the last commit and waits for no writer. The file must exist.
   * @default false
   */
  readonly readOnly?: boolean;
  /**
   * Returns integers as bigint, which `sent_at` needs and Knex's migrator does not support.
   * @default true
   */
  readonly bigIntegers?: boolean;
}

/**
 * Opens one connection to an SQLite file, with a write-ahead log and `synchronous=FULL`, so that a commit is on the disk when
 * it returns (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function openSqlite(options: SqliteOptions): Knex {
  const readOnly = options.readOnly ?? false;
  if (!readOnly) makeFolder(path.dirname(path.resolve(options.file)));
  else if (!existsSync(options.file)) throw new StoreUnavailable('the database file is not there');
  return knex({
    client: 'better-sqlite3',
    connection: {
      filename: options.file,
      options: { safeIntegers: options.bigIntegers ?? true, readonly: readOnly },
    },
    useNullAsDefault: true,
    // Otherwise error texts contain the bound values, and the log would contain messages and phone numbers.
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

/**
 * Creates a folder and those above it, as far as they are missing. `mkdirSync` with `recursive` never returns in file systems that answer
 * ENOENT where nothing can be created, such as /proc: it then creates the parent again,
 * which is there. Throws an Error that names the folder.
 */
export function makeFolder(folder: string): void {
  const missing: string[] = [];
  for (let place = path.resolve(folder); !isThere(place); place = path.dirname(place)) missing.unshift(place);
  for (const place of missing) {
    try {
      mkdirSync(place);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue; // another process made it, or opening the file fails with the reason
      throw new Error(`the folder ${place} cannot be created: ${code}`, { cause: error });
    }
  }
}

/** Whether a folder or anything else has this name; the top folder always has. */
function isThere(place: string): boolean {
  return path.dirname(place) === place || statSync(place, { throwIfNoEntry: false }) !== undefined;
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
  // Lets `reclaim` truncate the file in steps. It only affects a new database, before anything else is written.
  connection.pragma('auto_vacuum = incremental');
  switchJournal(connection, 'WAL', busyTimeoutMs);
  connection.pragma('synchronous = FULL');
  connection.pragma(`journal_size_limit = ${String(LOG_BYTES)}`);
  connection.pragma('foreign_keys = ON');
}

/** Changes the journal mode. It waits for locks itself, because SQLite ignores the busy timeout here. */
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

/** A write that changes nothing. An update would not do, because SQLite does not write a page that stays the same. */
export async function tryWrite(db: Knex): Promise<void> {
  const [row] = await db.raw<{ user_version: bigint | number }[]>('pragma user_version');
  await db.raw(`pragma user_version = ${String(row?.user_version ?? 0)}`);
}

/** Lends out the driver's own connection. Knex opened it and keeps it. */
export async function withConnection<T>(db: Knex, work: (connection: Database) => T | Promise<T>): Promise<T> {
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as Database;
  try {
    return await work(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}
