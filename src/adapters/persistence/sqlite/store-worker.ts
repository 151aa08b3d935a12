/**
 * A worker thread with a connection of its own. better-sqlite3 stops its thread until the disk has answered; here that is
 * not the thread that serves HTTP.
 */
import type { Knex } from 'knex';
import { workerData } from 'piscina';
import { StoreUnavailable, type MessageRepository, type RejectionLog } from '../../../application/ports.ts';
import { rejectionLog } from '../rejection-log.ts';
import { countNext, indexNext } from './derived-data.ts';
import { sqliteMessageRepository } from './message-repository.ts';
import { openSqlite, type SqliteOptions } from './database.ts';
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

let opened: StoreCalls | undefined;

/**
 * Opened by the first call, and tried again by the next when it fails: a thread that died of it would be replaced by one
 * that dies as well, without end.
 */
function store(): StoreCalls {
  if (opened !== undefined) return opened;
  let db: Knex;
  try {
    db = openSqlite(workerData as SqliteOptions);
  } catch (error) {
    throw new StoreUnavailable('the database cannot be opened', { cause: error });
  }
  const repository = sqliteMessageRepository(db);
  const rejections = rejectionLog({ writes: db, reads: db }, translatingErrors);
  opened = {
    ...repository,
    add: (packed) => repository.add(unpack(packed)),
    addRejections: (...args) => rejections.add(...args),
    listRejections: (...args) => rejections.list(...args),
    indexNext: (limit) => indexNext(db, limit),
    countNext: (limit) => countNext(db, limit),
    close: () => db.destroy(),
  };
  return opened;
}

export default async function answer({ method, args }: StoreCall): Promise<StoreAnswer> {
  try {
    if (method === 'close' && opened === undefined) return { ok: true, value: undefined };
    const call = (store() as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[method];
    return { ok: true, value: await call?.(...args) };
  } catch (error) {
    return { ok: false, unavailable: error instanceof StoreUnavailable, ...told(error) };
  }
}

function told(error: unknown): { message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { message: error.message + cause, stack: error.stack };
}
