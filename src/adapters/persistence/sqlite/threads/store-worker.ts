/**
 * A worker thread with its own connection. better-sqlite3 blocks its thread until the disk answers, so it must not run on the
 * thread that serves HTTP.
 */
import type { Knex } from 'knex';
import { workerData } from 'piscina';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type ExpiryStore,
} from '../../../../application/ports/store.ts';
import { expiryEraser } from '../../erasure/expiry-eraser.ts';
import { rejectionLog } from '../../rejections/rejection-log.ts';
import { countNext, indexNext } from '../derived-data.ts';
import { sqliteDialect } from '../dialect.ts';
import { sqliteErasing } from '../erasure.ts';
import { sqliteMessageRepository } from '../repository.ts';
import { openSqlite, tryWrite, type SqliteOptions } from '../database.ts';
import { openFiles, type OpenFiles } from './open-files.ts';
import { unpack, type PackedUpdates } from './packed-updates.ts';
import { translatingErrors } from '../errors.ts';
import { storeUsage } from '../usage.ts';

/** The calls that a thread accepts: the repository's methods, and those for derived data, erasing and health. */
export type StoreCalls = Omit<MessageRepository, 'add'> & {
  readonly add: (packed: PackedUpdates) => ReturnType<MessageRepository['add']>;
  readonly addRejections: RejectionLog['add'];
  readonly listRejections: RejectionLog['list'];
  readonly usage: () => Promise<StoreUsage>;
  readonly indexNext: (limit: number) => Promise<number>;
  readonly countNext: (limit: number) => Promise<number>;
  readonly eraseNext: ExpiryStore['eraseNext'];
  readonly expiryOutlook: ExpiryStore['outlook'];
  readonly countExpired: ExpiryStore['countNext'];
  /** A write that changes nothing. Rejects if the store cannot write. */
  readonly tryWrite: () => Promise<void>;
  /** Closes the connection. This must be the last call. */
  readonly close: () => Promise<void>;
};

export type StoreCall = {
  [M in keyof StoreCalls]: { readonly method: M; readonly args: Parameters<StoreCalls[M]> };
}[keyof StoreCalls];

/** An error loses its class between threads, so its properties are sent as data. */
export type StoreAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string; readonly stack: string | undefined };

interface Opened {
  readonly db: Knex;
  readonly calls: StoreCalls;
}

/**
 * Failures that may persist in a connection after the file is repaired: damaged pages in its cache, and a file that it could only
 * open for reading.
 */
const NEEDS_OPENING = /SQLITE_(CORRUPT|NOTADB|READONLY|CANTOPEN)/;

const options = workerData as SqliteOptions;
let opened: Opened | undefined;
/** The files that were opened last, even if the connection is closed now. */
let files: OpenFiles | undefined;

/**
 * Opens the store with the first call, and retries with the next call if that fails. A thread that died of it would be replaced
 * by one that dies too, endlessly. It closes the open files only if another database replaced them, never because they are
 * missing: they may be the last copy of acknowledged messages. Nor does it create an empty database then, which would hide the loss.
 */
async function store(): Promise<StoreCalls> {
  const state = files?.look();
  if (state === 'gone') throw new StoreUnavailable('the database file is not there: put it back');
  if (state === 'half replaced') {
    throw new StoreUnavailable('the log belongs to another database: move -wal and -shm away too');
  }
  if (state === 'replaced') {
    await close();
    files = undefined;
  }
  opened ??= open();
  return opened.calls;
}

function open(): Opened {
  let db: Knex;
  try {
    db = openSqlite(options);
  } catch (error) {
    throw new StoreUnavailable('the database cannot be opened', { cause: error });
  }
  const known = (files ??= openFiles(options.file));
  const repository = sqliteMessageRepository(db);
  const eraser = expiryEraser({
    writes: db,
    reads: db,
    dialect: sqliteDialect,
    erasing: sqliteErasing,
    translate: translatingErrors,
  });
  const rejections = rejectionLog({ writes: db, reads: db }, translatingErrors);

  /** Rejects unless the files are still in place, because a write to deleted or moved files is lost with this process. */
  async function lasting<T>(write: () => Promise<T>): Promise<T> {
    if (known.look() === 'in place') {
      const result = await write();
      if (known.look() === 'in place') return result;
    }
    if (known.look() !== 'log gone') throw new StoreUnavailable('the database file was moved or deleted: put it back');
    throw new StoreUnavailable(
      (await checkpointed(db))
        ? 'the log of the database was deleted, but the database contains all of it: restart the service'
        : 'the log of the database was deleted while another process reads it: do not stop the service while that process runs',
    );
  }

  const calls: StoreCalls = {
    ...repository,
    add: (packed) => lasting(() => repository.add(unpack(packed))),
    addRejections: (...args) => rejections.add(...args),
    listRejections: (...args) => rejections.list(...args),
    usage: () => translatingErrors(() => storeUsage(db, options.file)),
    indexNext: (limit) => indexNext(db, limit),
    countNext: (limit) => countNext(db, limit),
    eraseNext: (...args) => eraser.eraseNext(...args),
    expiryOutlook: (rule) => eraser.outlook(rule),
    countExpired: (...args) => eraser.countNext(...args),
    tryWrite: () => lasting(() => translatingErrors(() => tryWrite(db))),
    async health() {
      const health = await repository.health();
      if (health.database !== 'ok') {
        await renew();
      } else if (options.readOnly !== true && known.look() === 'log gone') {
        await checkpointed(db); // before an operator stops the process
        return { ...health, database: 'unwritable' };
      }
      return health;
    },
    async close() {
      if (known.look() === 'log gone' && !(await checkpointed(db))) {
        throw new Error('the log of the database was deleted, and its content could not be moved into the database');
      }
      await close();
    },
  };
  return { db, calls };
}

/** Moves the content of a deleted log into the database. Returns whether all of it is there, flushed to the disk. */
async function checkpointed(db: Knex): Promise<boolean> {
  const [result] = await db
    .raw<{ log: bigint; checkpointed: bigint }[]>('pragma wal_checkpoint(passive)')
    .catch(() => []);
  return result !== undefined && result.log === result.checkpointed;
}

/** Makes the next call reopen the files. It does nothing unless all of them are in place, or they could not be reopened. */
async function renew(): Promise<void> {
  if (files?.look() !== 'in place') return;
  await close();
  files = openFiles(options.file); // the last connection to close deletes the log
}

async function close(): Promise<void> {
  const closing = opened;
  opened = undefined;
  await closing?.db.destroy();
}

export default async function answer({ method, args }: StoreCall): Promise<StoreAnswer> {
  try {
    // Closing does not check the files, because they may be gone.
    const calls = method === 'close' ? opened?.calls : await store();
    const call = (calls as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>> | undefined)?.[
      method
    ];
    return { ok: true, value: await call?.(...args) };
  } catch (error) {
    if (error instanceof StoreUnavailable && NEEDS_OPENING.test(error.message)) await renew();
    return { ok: false, unavailable: error instanceof StoreUnavailable, ...described(error) };
  }
}

function described(error: unknown): { message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { message: error.message + cause, stack: error.stack };
}
