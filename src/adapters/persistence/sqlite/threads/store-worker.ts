/**
 * A worker thread with a connection of its own. better-sqlite3 stops its thread until the disk has answered; here that is
 * not the thread that serves HTTP.
 */
import type { Knex } from 'knex';
import { workerData } from 'piscina';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type StepwiseEraser,
} from '../../../../application/ports/store.ts';
import type { ExpiryRule } from '../../../../domain/erasure-rule.ts';
import { expiryEraser } from '../../erasure/expiry-eraser.ts';
import { rejectionLog } from '../../rejections/rejection-log.ts';
import { countNext, indexNext } from '../derived-data.ts';
import { sqliteErasing } from '../erasure.ts';
import { sqliteMessageRepository } from '../repository.ts';
import { openSqlite, tryWrite, type SqliteOptions } from '../database.ts';
import { openFiles, type OpenFiles } from './open-files.ts';
import { unpack, type PackedUpdates } from './packed-updates.ts';
import { translatingErrors } from '../errors.ts';
import { storeUsage } from '../usage.ts';

/** What a thread can be asked for: the repository's methods, and what keeps the store in order. */
export type StoreCalls = Omit<MessageRepository, 'add'> & {
  readonly add: (packed: PackedUpdates) => ReturnType<MessageRepository['add']>;
  readonly addRejections: RejectionLog['add'];
  readonly listRejections: RejectionLog['list'];
  readonly usage: () => Promise<StoreUsage>;
  /** Takes messages into the search index; gives how many. */
  readonly indexNext: (limit: number) => Promise<number>;
  /** Takes messages into the counters; gives how many. */
  readonly countNext: (limit: number) => Promise<number>;
  readonly eraseNext: StepwiseEraser<ExpiryRule>['eraseNext'];
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
  readonly calls: StoreCalls;
}

/**
 * Failures that may stay with a connection when the file is whole again: damaged pages in its memory, and a file that it could
 * only open for reading.
 */
const NEEDS_OPENING = /SQLITE_(CORRUPT|NOTADB|READONLY|CANTOPEN)/;

const options = workerData as SqliteOptions;
let opened: Opened | undefined;
/** Those that were opened last, whether a connection to them is open now or not. */
let files: OpenFiles | undefined;

/**
 * Opened by the first call, and tried again by the next when it fails: a thread that died of it would be replaced by one
 * that dies as well, without end. What is open is let go only for another database, never because there is none: it may be
 * the last that holds what was acknowledged. Nor is an empty one made then, which would only hide that it is gone.
 */
async function store(): Promise<StoreCalls> {
  const state = files?.look();
  if (state === 'gone') throw new StoreUnavailable('the database file is not there: bring it back');
  if (state === 'half replaced') {
    throw new StoreUnavailable('the log belongs to another database: move -wal and -shm away, too');
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
  const eraser = expiryEraser(db, sqliteErasing, translatingErrors);
  const rejections = rejectionLog({ writes: db, reads: db }, translatingErrors);

  /** Only a write to files that names lead to outlives this process. */
  async function lasting<T>(write: () => Promise<T>): Promise<T> {
    if (known.look() === 'in place') {
      const result = await write();
      if (known.look() === 'in place') return result;
    }
    if (known.look() !== 'log gone')
      throw new StoreUnavailable('the database file was moved or deleted: bring it back');
    throw new StoreUnavailable(
      (await checkpointed(db))
        ? 'the log of the database was deleted; all it held is in the database: restart the service'
        : 'the log of the database was deleted while another process reads it: do not stop the service before that one',
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
    tryWrite: () => lasting(() => translatingErrors(() => tryWrite(db))),
    async health() {
      const health = await repository.health();
      if (health.database !== 'ok') {
        await renew();
      } else if (options.readOnly !== true && known.look() === 'log gone') {
        await checkpointed(db); // before somebody stops the process
        return { ...health, database: 'unwritable' };
      }
      return health;
    },
    async close() {
      if (known.look() === 'log gone' && !(await checkpointed(db))) {
        throw new Error('the log of the database was deleted, and what it held could not be put into the database');
      }
      await close();
    },
  };
  return { db, calls };
}

/** Puts into the database what only a log holds that is deleted; whether all of it is there now, flushed. */
async function checkpointed(db: Knex): Promise<boolean> {
  const [result] = await db
    .raw<{ log: bigint; checkpointed: bigint }[]>('pragma wal_checkpoint(passive)')
    .catch(() => []);
  return result !== undefined && result.log === result.checkpointed;
}

/** Lets the next call open the same files anew. Not where no name leads to all of them any more: nothing could open them. */
async function renew(): Promise<void> {
  if (files?.look() !== 'in place') return;
  await close();
  files = openFiles(options.file); // the last to close takes the log away
}

async function close(): Promise<void> {
  const closing = opened;
  opened = undefined;
  await closing?.db.destroy();
}

export default async function answer({ method, args }: StoreCall): Promise<StoreAnswer> {
  try {
    // Closing looks for no files: they may be gone.
    const calls = method === 'close' ? opened?.calls : await store();
    const call = (calls as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>> | undefined)?.[
      method
    ];
    return { ok: true, value: await call?.(...args) };
  } catch (error) {
    if (error instanceof StoreUnavailable && NEEDS_OPENING.test(error.message)) await renew();
    return { ok: false, unavailable: error instanceof StoreUnavailable, ...told(error) };
  }
}

function told(error: unknown): { message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { message: error.message + cause, stack: error.stack };
}
