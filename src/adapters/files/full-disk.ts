import path from 'node:path';

/** The error to report for a failed write: a full disk gets a clear message, other errors stay the same. */
export function explainingSpace(error: unknown, file: string): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const full = code === 'ENOSPC' || code === 'SQLITE_FULL' || /No space left on device/i.test(String(message));
  if (!full) return error;
  return new Error(`no space is left where ${path.resolve(file)} is to be: free some, or choose another disk`, {
    cause: error,
  });
}
