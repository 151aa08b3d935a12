import { closeSync, existsSync, fstatSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import type { PartialFile, PartialFileOptions } from '../../application/ports/backup.ts';
import { realPath } from './real-path.ts';

/** Only the owner may read it, because it will contain messages. */
const MODE = 0o600;
/** The files that SQLite keeps under the name of a database. The log holds messages, too. */
const DATABASE_FILES = ['', '-journal', '-wal', '-shm'];

/** @param options.database the SQLite database of which neither the file nor its log may be replaced */
export function partialFile(
  file: string,
  { replace = false, resume = false, database = null }: PartialFileOptions & { readonly database?: string | null } = {},
): PartialFile {
  const partial = `${file}.partial`;
  if (database !== null && DATABASE_FILES.some((suffix) => realPath(database) + suffix === realPath(file))) {
    throw new Error(`${file} is the database itself, or its log: name another file`);
  }
  if (existsSync(file) && !replace) throw new Error(`${file} is there already: name another file, or use --force`);
  if (existsSync(file) && !statSync(file).isFile()) throw new Error(`${file} is not a file`);
  if (replace && !resume) remove(partial);
  const handle = open(partial, resume ? 'r+' : 'wx+');
  let isOpen = true;

  function letGo(): void {
    isOpen = false;
    closeSync(handle);
  }

  function sync(): void {
    if (fstatSync(handle).ino !== statSync(partial, { throwIfNoEntry: false })?.ino) {
      throw new Error(`${partial} was taken away or replaced: does another run write it, too?`);
    }
    fsyncSync(handle);
  }

  return {
    path: partial,
    sync,
    finish() {
      sync();
      renameSync(partial, file);
      letGo();
      syncFolderOf(file);
    },
    keep() {
      if (isOpen) letGo();
    },
    discard() {
      if (!isOpen) return;
      letGo();
      remove(partial);
    },
  };
}

/** With its log: SQLite would apply that to the next file of this name. */
function remove(partial: string): void {
  for (const suffix of DATABASE_FILES) rmSync(partial + suffix, { force: true });
}

function open(file: string, flags: 'r+' | 'wx+'): number {
  try {
    return openSync(file, flags, MODE);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new Error(`${file} is there: another run is writing it, or was killed; --force starts over`, {
        cause: error,
      });
    }
    if (code === 'ENOENT' && flags === 'r+') {
      throw new Error(`${file} is not there: there is nothing to resume`, { cause: error });
    }
    if (code === 'ENOENT') {
      throw new Error(`the folder ${path.dirname(path.resolve(file))} is not there`, { cause: error });
    }
    throw new Error(`${file} cannot be written: ${code}`, { cause: error });
  }
}

/** Makes the names in the folder of this file durable. */
export function syncFolderOf(file: string): void {
  const folder = openSync(path.dirname(path.resolve(file)), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
