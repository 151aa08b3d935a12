import { StoreUnavailable } from '../../../application/ports/store.ts';

/**
 * SQLite's primary result codes after which a retry may succeed: a lock, a full disk, a file that cannot be read or written
 * now, damage until an operator restores a backup (https://www.sqlite.org/rescode.html).
 */
const PASSING = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)(_|$)/;

/** Runs `work` and rejects with StoreUnavailable if a retry may succeed; other errors pass unchanged. */
export async function translatingErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code !== undefined && PASSING.test(code)) throw new StoreUnavailable(`database: ${code}`, { cause: error });
    throw error;
  }
}

/** Whether another connection's lock is the reason, also of a StoreUnavailable. */
export function isLocked(error: unknown): boolean {
  const reason = error instanceof StoreUnavailable ? (error.cause ?? error) : error;
  return /^SQLITE_(BUSY|LOCKED)(_|$)/.test(errorCode(reason) ?? '');
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Knex timed out waiting for its only connection.
  return 'name' in error && error.name === 'KnexTimeoutError' ? 'SQLITE_BUSY' : undefined;
}
