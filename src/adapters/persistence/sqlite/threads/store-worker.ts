/**
 * A worker thread with its own connections. better-sqlite3 blocks its thread until the disk answers, so it must not run on the
 * thread that serves HTTP.
 */
import type { Knex } from 'knex';
import { workerData } from 'piscina';
import { StoreUnavailable } from '../../../../application/ports/store.ts';
import { openSqlite } from '../database.ts';
import { isLocked } from '../errors.ts';
import { checkpointed, emptyLog, isWhole } from '../files/empty-log.ts';
import { openFiles, type OpenFiles } from './open-files.ts';
import { storeCalls, type StoreCalls } from './store-calls.ts';
import { monotonicMs, readDeadline, waitingForLocks, type ThreadControl } from './thread-control.ts';

export interface WorkerOptions {
  readonly file: string;
  readonly readOnly: boolean;
  readonly control: ThreadControl;
}

export type StoreCall = {
  [M in keyof StoreCalls]: {
    readonly method: M;
    readonly args: Parameters<StoreCalls[M]>;
    /** When the call is given up, as monotonicMs() counts. @default never */
    readonly endsAt?: number;
  };
}[keyof StoreCalls];

/** An error loses its class between threads, so its properties are sent as data. */
export type StoreAnswer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly unavailable: boolean; readonly message: string; readonly stack: string | undefined };

interface Opened {
  readonly connections: readonly Knex[];
  readonly calls: StoreCalls;
}

/**
 * Failures that may persist in a connection after the file is repaired: damaged pages in its cache, and a file that it could only
 * open for reading.
 */
const NEEDS_OPENING = /SQLITE_(CORRUPT|NOTADB|READONLY|CANTOPEN)/;
/** How long a call waits for another process's lock. SQLite itself waits only briefly, because nothing can end that wait. */
const PATIENCE_MS = 5_000;
const BUSY_TIMEOUT_MS = 50;
/** Background steps touch few pages at a time. */
const STEPS_CACHE_KIB = 8_192;
const CLOSING_ATTEMPTS = 10;

const { file, readOnly, control } = workerData as WorkerOptions;
const deadline = readDeadline(control);
let opened: Opened | undefined;
/** The files that were opened last, even if the connections are closed now. */
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
  const shared = { file, busyTimeoutMs: BUSY_TIMEOUT_MS };
  let db: Knex;
  let steps: Knex;
  try {
    db = openSqlite({ ...shared, readOnly, readOn: deadline.check });
    steps = readOnly ? db : openSqlite({ ...shared, durable: false, cacheKib: STEPS_CACHE_KIB });
  } catch (error) {
    throw new StoreUnavailable('the database cannot be opened', { cause: error });
  }
  const known = (files ??= openFiles(file));
  const connections = { file, readOnly, db, steps, known };
  return { connections: [steps, db], calls: storeCalls(connections, { renew, close: () => closeWhole(db, known) }) };
}

/** Makes the next call reopen the files. It does nothing unless all of them are in place, or they could not be reopened. */
async function renew(): Promise<void> {
  if (files?.look() !== 'in place') return;
  await close();
  files = openFiles(file); // the last connection to close deletes the log
}

async function close(): Promise<void> {
  const closing = opened;
  opened = undefined;
  for (const connection of new Set(closing?.connections)) await connection.destroy();
}

/** Closes the store so that only the one file is left, and returns whether that file has everything. */
async function closeWhole(db: Knex, known: OpenFiles): Promise<boolean> {
  if (known.look() === 'log gone' && !(await checkpointed(db))) {
    throw new Error('the log of the database was deleted, and its content could not be moved into the database');
  }
  // The last connection to close does this, but not if another process has the database open. Never for moved files: the log may be
  // the only copy to which a path leads.
  if (known.look() === 'in place') await emptyLog(db, CLOSING_ATTEMPTS).catch(() => false);
  await close();
  return isWhole(file);
}

export default async function answer({ method, args, endsAt }: StoreCall): Promise<StoreAnswer> {
  try {
    deadline.begin(endsAt);
    const patienceMs = endsAt === undefined ? PATIENCE_MS : Math.min(PATIENCE_MS, endsAt - monotonicMs());
    const value = await waitingForLocks(control, { patienceMs, isLocked }, async () => {
      // Closing does not check the files, because they may be gone.
      const calls = method === 'close' ? opened?.calls : await store();
      const call = (
        calls as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>> | undefined
      )?.[method];
      return call?.(...args);
    });
    return { ok: true, value };
  } catch (error) {
    if (deadline.isOver()) return { ok: false, unavailable: true, message: 'a read took too long', stack: undefined };
    if (error instanceof StoreUnavailable && NEEDS_OPENING.test(error.message)) await renew();
    return { ok: false, unavailable: error instanceof StoreUnavailable, ...described(error) };
  }
}

function described(error: unknown): { message: string; stack: string | undefined } {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined };
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { message: error.message + cause, stack: error.stack };
}
