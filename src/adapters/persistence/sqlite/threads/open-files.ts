import { statSync } from 'node:fs';

/**
 * `log gone`: the database exists, but its write-ahead log or the log's index does not. `half replaced`: the path leads to
 * another database, but the log belongs to the opened one.
 */
export type FileState = 'in place' | 'gone' | 'log gone' | 'replaced' | 'half replaced';

export interface OpenFiles {
  /** Checks where the paths lead now. Takes some microseconds. */
  readonly look: () => FileState;
}

/** The write-ahead log and its index (https://www.sqlite.org/walformat.html#files_on_disk). */
const LOG = ['-wal', '-shm'];

/**
 * Remembers which files a connection has opened. SQLite does not notice that they were deleted, moved or replaced: it continues
 * with files that no path leads to, and everything stored in them is lost when the process ends.
 */
export function openFiles(file: string): OpenFiles {
  const known = new Map<string, string>();

  function identityOf(suffix: string): string | undefined {
    const found = statSync(file + suffix, { bigint: true, throwIfNoEntry: false });
    return found && `${String(found.dev)}:${String(found.ino)}`;
  }

  function isInPlace(suffix: string): boolean {
    const [before, now] = [known.get(suffix), identityOf(suffix)];
    // The first transaction creates the log.
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
