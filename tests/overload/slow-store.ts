import { isMainThread } from 'node:worker_threads';
import Database from 'better-sqlite3';

/**
 * Loaded into a service before all else: its disk takes 40 ms for every commit, as a tired one does. Sleeping costs no processor, so
 * that what is measured is the waiting, and not that the service shares a small machine with the senders.
 */
const COMMIT_MS = 40;

if (!isMainThread) {
  const never = new Int32Array(new SharedArrayBuffer(4));
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the database below
  const transaction = Database.prototype.transaction as (work: (...args: unknown[]) => unknown) => unknown;
  Database.prototype.transaction = function (this: Database.Database, work: (...args: unknown[]) => unknown) {
    return transaction.call(this, (...args) => {
      const result = work(...args);
      Atomics.wait(never, 0, 0, COMMIT_MS);
      return result;
    });
  } as never;
}
