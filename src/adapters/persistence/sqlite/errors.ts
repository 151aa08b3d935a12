import { StoreUnavailable } from '../../../application/ports/store.ts';

/**
 * SQLite's primary result codes that mean "not now" and not "never": locked by another, disk full, not readable or
 * writable at the moment, damaged until an operator restores it (https://www.sqlite.org/rescode.html).
 */
const PASSING = /^SQLITE_(BUSY|LOCKED|FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|NOMEM|PROTOCOL)(_|$)/;

/** Runs `work`; a failure that a later attempt may not meet rejects as StoreUnavailable, every other as it is. */
export async function translatingErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = errorCode(error);
    if (code !== undefined && PASSING.test(code)) throw new StoreUnavailable(`database: ${code}`, { cause: error });
    throw error;
  }
}

function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Knex gives up waiting for its one connection: something holds it for too long.
  return 'name' in error && error.name === 'KnexTimeoutError' ? 'SQLITE_BUSY' : undefined;
}
