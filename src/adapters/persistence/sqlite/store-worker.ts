/**
 * A worker thread with a connection of its own. better-sqlite3 stops its thread until the disk has answered; here that is
 * not the thread that serves HTTP.
 */
import { existsSync } from 'node:fs';
import type { Knex } from 'knex';
import { workerData } from 'piscina';
import { StoreUnavailable, type MessageRepository, type RejectionLog } from '../../../application/ports.ts';
import { rejectionLog } from '../rejection-log.ts';
import { countNext, indexNext } from './derived-data.ts';
import { sqliteMessageRepository } from './message-repository.ts';
import { openSqlite, tryWrite, type SqliteOptions } from './database.ts';
import { openFiles, type OpenFiles } from './open-files.ts';
import { unpack, type PackedUpdates } from './packed-updates.ts';
import { translatingErrors } from './store-errors.ts';

/** What a thread can be asked for: the repository's methods, and what keeps the store in order. */
export type StoreCalls = Omit<MessageRepository, 'add'> & {
  readonly add: (packed: PackedUpdates) => ReturnType<MessageRepository['add']>;
  readonly addRejections: RejectionLog['add'];
  readonly listRejections: RejectionLog['list'];
  /** Takes messages into the search index; gives how many. */
  readonly indexNext: (limit: number) => Promise<number>;
  /** Takes messages into the counters; gives how many. */
  readonly countNext: (limit: number) => Promise<number>;
  /** Writes something that changes nothing; rejects when it cannot. */
  readonly tryWrite: () => Promise<void>;
  /** Closes the connection. The last thing to be asked for. */
  readonly close: () => Promise<void>;
};

export type StoreCall = {
  [M in keyof StoreCalls]: { readonly method: M; readonly args: Parameters<StoreCalls[M]> };
}[keyof StoreCalls];

/** An error's class does not survive the way between threads: what the caller must know of it travels as data. */
export type StoreAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string; readonly stack: string | undefined };

interface Opened {
  readonly db: Knex;
  readonly files: OpenFiles;
  readonly calls: StoreCalls;
}

/**
 * Failures that may stay with a connection when the file is whole again: damaged pages in its memory, and a file that it could
 * only open for reading.
 */
const NEEDS_OPENING = /SQLITE_(CORRUPT|NOTADB|READONLY|CANTOPEN)/;

const options = workerData as SqliteOptions;
let opened: Opened | undefined;
let hasOpened = false;

/**
 * Opened by the first call, and tried again by the next when it fails: a thread that died of it would be replaced by one
 * that dies as well, without end. Opened anew when the database was moved, deleted or replaced.
 */
async function store(): Promise<StoreCalls> {
  if (opened?.files.isDatabaseInPlace() === true) return opened.calls;
  await leaveFiles();
  // Made once, by who sets it up. One that is gone is an operator's to bring back: an empty one would only hide it.
  if (hasOpened && !existsSync(options.file)) throw new StoreUnavailable('the database file is not there');
  opened = open();
  hasOpened = true;
  return opened.calls;
}

function open(): Opened {
  let db: Knex;
  try {
    db = openSqlite(options);
  } catch (error) {
    throw new StoreUnavailable('the database cannot be opened', { cause: error });
  }
  const files = openFiles(options.file);
  const repository = sqliteMessageRepository(db);
  const rejections = rejectionLog({ writes: db, reads: db }, translatingErrors);

  /** Only a write to files that names lead to outlives this process. */
  async function inPlace<T>(write: () => Promise<T>): Promise<T> {
    if (files.areInPlace()) {
      const result = await write();
      if (files.areInPlace()) return result;
    }
    // When only the log was taken away: what it holds is acknowledged, and safe in the database.
    if (files.isDatabaseInPlace()) await db.raw('pragma wal_checkpoint(passive)').catch(() => undefined);
    throw new StoreUnavailable('the database or its log was moved or deleted: bring it back, or restart the service');
  }

  const calls: StoreCalls = {
    ...repository,
    add: (packed) => inPlace(() => repository.add(unpack(packed))),
    addRejections: (...args) => rejections.add(...args),
    listRejections: (...args) => rejections.list(...args),
    indexNext: (limit) => indexNext(db, limit),
    countNext: (limit) => countNext(db, limit),
    tryWrite: () => inPlace(() => translatingErrors(() => tryWrite(db))),
    async health() {
      const health = await repository.health();
      if (health.database !== 'ok') await leaveFiles();
      return health;
    },
    close: () => db.destroy(),
  };
  return { db, files, calls };
}

async function leaveFiles(): Promise<void> {
  const left = opened;
  opened = undefined;
  await left?.db.destroy();
}

export default async function answer({ method, args }: StoreCall): Promise<StoreAnswer> {
  try {
    if (method === 'close' && opened === undefined) return { ok: true, value: undefined };
    const call = ((await store()) as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[
      method
    ];
    return { ok: true, value: await call?.(...args) };
  } catch (error) {
    if (error instanceof StoreUnavailable && NEEDS_OPENING.test(error.message)) await leaveFiles();
    return { ok: false, unavailable: error instanceof StoreUnavailable, ...told(error) };
  }
}

function told(error: unknown): { message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { message: error.message + cause, stack: error.stack };
}
