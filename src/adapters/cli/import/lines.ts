import { createReadStream, fstatSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { NewUpdate } from '../../../domain/update.ts';
import { LineFault, lineReader } from '../../ndjson/read-lines.ts';
import { splitLines } from '../../ndjson/split-lines.ts';
import { UsageError } from '../run-command.ts';

/** Enough for the largest possible body in base64 and the fields beside it. */
const MAX_LINE_BYTES = 96 * 2 ** 20;

export interface Input {
  readonly stream: Readable;
  /** null if the size is unknown. */
  readonly bytes: number | null;
}

/** Opens the file at once: a stream would report a failure later, when the database is being created and nobody listens. */
export function openInput(file: string): Input {
  if (file === '-') return { stream: process.stdin, bytes: null };
  const handle = opened(file);
  const found = fstatSync(handle);
  if (found.isDirectory()) throw new UsageError(`${file} is a folder`);
  return { stream: createReadStream(file, { fd: handle, highWaterMark: 256 * 1024 }), bytes: found.size };
}

/** Throws at the first invalid line, with its number. */
export async function* updatesIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<NewUpdate[]> {
  const reader = lineReader();
  let number = 1;
  let isEmpty = true;
  try {
    for await (const line of splitLines(stream, MAX_LINE_BYTES)) {
      if (line.trim() !== '') {
        isEmpty = false;
        yield reader.read(line);
      }
      number++;
    }
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    throw new Error(`line ${String(number)}: ${error.message}; all before it is stored`, { cause: error });
  }
  // A pipe whose other end failed looks like this.
  if (isEmpty) throw new Error('there is nothing to import: even an export of no message has one line');
}

function opened(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new UsageError(`${file} is not there: name a file, or - for standard input`);
    throw new Error(`${file} cannot be read: ${code}`, { cause: error });
  }
}
