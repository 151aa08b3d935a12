/**
 * A worker thread with a connection of its own. better-sqlite3 stops its thread until the disk has answered; here that is
 * not the thread that serves HTTP.
 */
import { workerData } from 'piscina';
import { StoreUnavailable, type MessageRepository } from '../../application/ports.ts';
import { knexMessageRepository } from './knex-message-repository.ts';
import { indexNext } from './search-index.ts';
import { openSqlite, type SqliteOptions } from './sqlite-database.ts';

/** What a thread can be asked for: the repository's methods, and what keeps the store in order. */
export type StoreCalls = MessageRepository & {
  /** Takes messages into the search index; gives how many. */
  readonly indexNext: (limit: number) => Promise<number>;
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

const db = openSqlite(workerData as SqliteOptions);
const calls: StoreCalls = {
  ...knexMessageRepository(db),
  indexNext: (limit) => indexNext(db, limit),
  close: () => db.destroy(),
};

export default async function answer({ method, args }: StoreCall): Promise<StoreAnswer> {
  try {
    const call = (calls as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>)[method];
    return { ok: true, value: await call?.(...args) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined };
    return { ok: false, unavailable: error instanceof StoreUnavailable, message, stack };
  }
}
