import { closeSync, constants, openSync, readFileSync, readlinkSync } from 'node:fs';
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

/**
 * Throws if standard output is closed, as after `>&-`. Node then opens /dev/null in its place, for reading and writing, and every
 * write succeeds; a shell's `> /dev/null` opens it for writing only. Only Linux shows the difference.
 */
export function requireOpenStdout(): void {
  let target: string;
  let description: string;
  try {
    target = readlinkSync('/proc/self/fd/1');
    description = readFileSync('/proc/self/fdinfo/1', 'utf8');
  } catch {
    return;
  }
  const flags = Number.parseInt(/^flags:\s*([0-7]+)$/m.exec(description)?.[1] ?? '', 8);
  if (target !== '/dev/null' || (flags & 3) !== constants.O_RDWR) return;
  throw new Error('standard output is closed, and the result goes there: to discard it, write > /dev/null');
}
