import { statSync } from 'node:fs';

/**
 * `log gone`: the database is there, its write-ahead log or the log's index is not. `half replaced`: another database is there,
 * with the log of the one that was opened.
 */
export type FileState = 'in place' | 'gone' | 'log gone' | 'replaced' | 'half replaced';

export interface OpenFiles {
  /** Where the names lead now. Takes some microseconds. */
  readonly look: () => FileState;
}

/** The write-ahead log and its index (https://www.sqlite.org/walformat.html#files_on_disk). */
const LOG = ['-wal', '-shm'];

/**
 * Remembers which files a connection has opened. SQLite does not notice that they are deleted, moved or replaced: it goes
 * on with files that no name leads to, and all that is stored in them is gone with the process.
 */
export function openFiles(file: string): OpenFiles {
  const known = new Map<string, string>();

  function identityOf(suffix: string): string | undefined {
    const found = statSync(file + suffix, { bigint: true, throwIfNoEntry: false });
    return found && `${String(found.dev)}:${String(found.ino)}`;
  }

  function isInPlace(suffix: string): boolean {
    const [before, now] = [known.get(suffix), identityOf(suffix)];
    // The log comes into being with the first transaction.
    if (before === undefined && now !== undefined) known.set(suffix, now);
    return before === undefined || before === now;
  }

  function look(): FileState {
    if (isInPlace('')) return LOG.every(isInPlace) ? 'in place' : 'log gone';
    if (identityOf('') === undefined) return 'gone';
    const keepsLog = LOG.some((suffix) => known.has(suffix) && identityOf(suffix) === known.get(suffix));
    return keepsLog ? 'half replaced' : 'replaced';
  }

  look();
  return { look };
}
