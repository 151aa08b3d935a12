import { statSync } from 'node:fs';

/**
 * Checks the path of an SQLite file in SQLAlchemy's form of a URL. SQLAlchemy reads `?` as parameters and a shell replaces `~` and `$NAME`,
 * but this service would create a file of that very name. Throws an Error that says what the path must not contain.
 */
export function sqlitePath(file: string): string {
  for (const [pattern, fault] of FAULTS) if (pattern.test(file)) throw new Error(fault);
  return file;
}

const FAULTS: readonly (readonly [RegExp, string])[] = [
  [/^:memory:|^$/, 'must be sqlite:/// and the path of a file, because a database in memory would lose every message'],
  [/\?/, 'must be sqlite:/// and a path without ?, because parameters such as mode=ro are not supported'],
  [/^file:/i, 'must be sqlite:/// and a path, not a file: URI'],
  [/^\/?~/, 'must be sqlite:/// and a path without ~, which is not replaced: write the home folder in full'],
  [
    /\$[A-Za-z_{]/,
    'must be sqlite:/// and a path without $, because variables are not replaced: write the path in full',
  ],
  [
    /%[0-9a-f]{2}/i,
    'must be sqlite:/// and a path without percent-encoding, which is not decoded: write the characters themselves',
  ],
  [/(^|\/)\.{0,2}$/, 'must be sqlite:/// and the path of a file, not of a folder'],
  [/^[ ]|[ ]$|\p{Cc}/u, 'must be sqlite:/// and a path without spaces around it and without control characters'],
];

/** Why the path cannot be that of a database, as far as the file system shows it now; null if nothing speaks against it. */
export function placeFault(file: string): string | null {
  try {
    const entry = statSync(file);
    if (entry.isFile()) return null;
    return entry.isDirectory()
      ? 'names a folder: add the name of a file in it'
      : 'names a device, a pipe or a socket: it must name a file';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return 'has a path through a file as if that were a folder';
    if (code === 'ELOOP') return 'has a path with a loop of links';
    if (code === 'ENAMETOOLONG') return 'has a path that is too long';
    return null; // opening it reports the reason
  }
}
