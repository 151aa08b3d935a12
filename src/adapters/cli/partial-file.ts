import { closeSync, existsSync, fstatSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { realPath, type DatabaseLocation } from '../../infrastructure/config/database-location.ts';

/** Only for its owner: it will hold messages. */
const MODE = 0o600;
/** What SQLite's files are called behind the name of the database: messages are in the log, too. */
const DATABASE_FILES = ['', '-journal', '-wal', '-shm'];

/** A file that has its name only when it is whole. */
export interface PartialFile {
  /** Where to write it, beside its place: the same name with `.partial` behind it. */
  readonly path: string;
  /** Durable as it is now, whatever its name. Refuses when the name leads to another file by now. */
  readonly sync: () => void;
  /** Puts it into its place, durably. */
  readonly finish: () => void;
  /** Leaves the partial file there and lets go of it. */
  readonly keep: () => void;
  /** Removes it, and what SQLite may have put beside it. Does nothing after the others. */
  readonly discard: () => void;
}

/**
 * @param replace also what stands there already, and what an attempt that was killed has left; else either is refused
 * @param resume goes on with what an attempt has left
 * @param of the database that it is made of: neither it nor its log is ever replaced
 */
export function partialFile(
  file: string,
  { replace = false, resume = false, of }: { replace?: boolean; resume?: boolean; of?: DatabaseLocation } = {},
): PartialFile {
  const partial = `${file}.partial`;
  if (of?.engine === 'sqlite' && DATABASE_FILES.some((suffix) => realPath(of.file) + suffix === realPath(file))) {
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

/** With its log: SQLite would take what is in that into whatever is written there next. */
function remove(partial: string): void {
  for (const suffix of DATABASE_FILES) rmSync(partial + suffix, { force: true });
}

function open(file: string, flags: 'r+' | 'wx+'): number {
  try {
    return openSync(file, flags, MODE);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') {
      throw new Error(`${file} is there: another run is writing it, or was killed; --force begins anew`, {
        cause: error,
      });
    }
    if (code === 'ENOENT' && flags === 'r+') {
      throw new Error(`${file} is not there: there is nothing to go on with`, { cause: error });
    }
    if (code === 'ENOENT') {
      throw new Error(`the folder ${path.dirname(path.resolve(file))} is not there`, { cause: error });
    }
    throw new Error(`${file} cannot be written: ${code}`, { cause: error });
  }
}

/** Makes the names in it durable. */
export function syncFolderOf(file: string): void {
  const folder = openSync(path.dirname(path.resolve(file)), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** An error that a full disk made says so, whoever met it; others stay as they are. */
export function explainingSpace(error: unknown, file: string): unknown {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const full = code === 'ENOSPC' || code === 'SQLITE_FULL' || /No space left on device/i.test(String(message));
  if (!full) return error;
  return new Error(`no space is left where ${path.resolve(file)} is to be: free some, or choose another disk`, {
    cause: error,
  });
}
