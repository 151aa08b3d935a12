import { closeSync, lstatSync, openSync, readSync } from 'node:fs';
import { parseEnvFile, type EnvFile } from './parse.ts';

const MAX_BYTES = 1_048_576;

/** Reads `.env` in the working directory; without one, it is empty. A file that cannot be read is a fault of the whole file. */
export function readEnvFile(isOurs: (name: string) => boolean): EnvFile {
  const bytes = readBytes('.env');
  if (bytes === null) return { assignments: [], faults: [] };
  if (typeof bytes === 'string') return { assignments: [], faults: [{ line: null, reason: bytes }] };
  return parseEnvFile(bytes, isOurs);
}

/** null: there is no such file. A text: why it cannot be read. */
function readBytes(file: string): Uint8Array | string | null {
  // The link itself: a link that leads nowhere is a mistake, and no missing file.
  const entry = lstatSync(file, { throwIfNoEntry: false });
  if (entry === undefined) return null;
  try {
    return bounded(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return REASONS[code] ?? `cannot be read: ${code}`;
  }
}

const REASONS: Readonly<Partial<Record<string, string>>> = {
  EISDIR: 'is a folder, which Docker creates for a missing file that it mounts: remove it, and write a file',
  EACCES: 'cannot be read by this user: change its owner or its mode',
  ENOENT: 'is a link to a file that is not there',
};

/** By a bound on what is read, because a link may lead to an endless device. */
function bounded(file: string): Uint8Array | string {
  const handle = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(handle, buffer, length, buffer.length - length, null);
    }
    return length > MAX_BYTES ? `is larger than ${String(MAX_BYTES)} bytes` : buffer.subarray(0, length);
  } finally {
    closeSync(handle);
  }
}
