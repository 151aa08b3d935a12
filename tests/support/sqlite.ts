import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Knex } from 'knex';
import { migrateLatest } from '../../src/adapters/persistence/schema/migrator.ts';
import { openSqlite, type SqliteOptions } from '../../src/adapters/persistence/sqlite/database.ts';
import { messageKey, type Message } from '../../src/domain/message.ts';

export interface TemporaryFolder {
  readonly path: string;
  /** The path of a file in it, which need not exist. */
  readonly file: (name: string) => string;
  readonly remove: () => Promise<void>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'webhook-inbox-'));
  return {
    path: folder,
    file: (name) => path.join(folder, name),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs `work` with a connection that can migrate, and closes it. */
export function migrating<T>(file: string, work: (db: Knex) => Promise<T>): Promise<T> {
  return connected({ file, bigIntegers: false }, work);
}

/** The same with a connection like the service's. */
export function reading<T>(file: string, work: (db: Knex) => Promise<T>): Promise<T> {
  return connected({ file }, work);
}

async function connected<T>(options: SqliteOptions, work: (db: Knex) => Promise<T>): Promise<T> {
  const db = openSqlite(options);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

export interface TestDatabase {
  readonly db: Knex;
  readonly file: string;
  /** Closes the connection and deletes the file. */
  readonly close: () => Promise<void>;
}

/** Creates an empty database with the latest schema in its own folder. */
export async function openTestDatabase(options: Omit<SqliteOptions, 'file'> = {}): Promise<TestDatabase> {
  const folder = await temporaryFolder();
  const file = folder.file('app.db');
  await writeNewestSchema(file);
  const db = openSqlite({ ...options, file });
  return {
    db,
    file,
    async close() {
      await db.destroy();
      await folder.remove();
    },
  };
}

/**
 * Inserts rows into `messages` only, with the columns of the first migration, as a database
 * contains them before later migrations. Up to 500 rows.
 */
export async function insertRows(db: Knex, messages: readonly Message[]): Promise<void> {
  if (messages.length === 0) return; // Knex rejects an empty insert
  await db('messages').insert(
    messages.map(({ from, to, sentAt, text, ...message }) => ({
      message_id: messageKey(message),
      from_msisdn: from,
      to_msisdn: to,
      sent_at: sentAt,
      text,
    })),
  );
}

/** Makes an empty database of the newest schema. */
export async function writeNewestSchema(file: string): Promise<void> {
  await writeFile(file, await newestSchema());
}

let migratedFile: Promise<Buffer> | undefined;

/** The bytes of an empty, migrated file: copying them is ten times faster than migrating again. */
function newestSchema(): Promise<Buffer> {
  migratedFile ??= (async () => {
    const folder = await temporaryFolder();
    try {
      await migrating(folder.file('app.db'), migrateLatest);
      return await readFile(folder.file('app.db')); // the last connection to close empties the log
    } finally {
      await folder.remove();
    }
  })();
  return migratedFile;
}
