import { statSync } from 'node:fs';

export interface OpenFiles {
  /** Whether the names still lead to the files that were opened. */
  readonly areInPlace: () => boolean;
  /** The same of the database alone, without its log. */
  readonly isDatabaseInPlace: () => boolean;
}

/** The database, its write-ahead log and the log's index (https://www.sqlite.org/walformat.html#files_on_disk). */
const SUFFIXES = ['', '-wal', '-shm'];

/**
 * Remembers which files a connection has opened. With a write-ahead log SQLite does not notice that they are deleted, moved or
 * replaced: it goes on with files that no name leads to, and all that is stored in them is gone with the process.
 */
export function openFiles(file: string): OpenFiles {
  const known = new Map<string, string>();

  function isInPlace(suffix: string): boolean {
    const found = statSync(file + suffix, { bigint: true, throwIfNoEntry: false });
    const identity = found && `${String(found.dev)}:${String(found.ino)}`;
    const before = known.get(suffix);
    // The log comes into being with the first transaction.
    if (before === undefined && identity !== undefined) known.set(suffix, identity);
    return before === undefined || before === identity;
  }

  const isDatabaseInPlace = (): boolean => isInPlace('');
  isDatabaseInPlace();
  return { isDatabaseInPlace, areInPlace: () => SUFFIXES.every(isInPlace) };
}
