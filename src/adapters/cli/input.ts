import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { UsageError } from './run-command.ts';

/** Reads the bytes of a file, or of standard input if the name is `-` or missing. */
export async function readInput(file = '-'): Promise<Buffer> {
  if (file !== '-') return readNamed(file);
  if (process.stdin.isTTY) process.stderr.write('type the body, then Ctrl-D\n');
  return buffer(process.stdin);
}

async function readNamed(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`${file} is not there: name a file, or - for standard input`);
    throw new Error(`${file} cannot be read: ${code}`, { cause: error });
  }
}

/** Throws, saying why, if a file cannot be opened for reading. */
export function requireReadable(file: string): void {
  try {
    closeSync(openSync(file, 'r'));
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`${file} is not there`);
    throw new Error(`${file} cannot be read: ${code}`, { cause: error });
  }
}
