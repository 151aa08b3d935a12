import { createReadStream, fstatSync, openSync } from 'node:fs';
import { addAbortSignal, type Readable } from 'node:stream';
import { importUpdates, type ImportResult } from '../../persistence/transfer/import-store.ts';
import { LineFault, lineReader } from '../../ndjson/read-lines.ts';
import { splitLines } from '../../ndjson/split-lines.ts';
import type { NewUpdate } from '../../../domain/update.ts';
import { EXIT_FAULT, jsonLine, say, UsageError } from '../run-command.ts';
import { loadEnvFile, readConfig } from '../../../infrastructure/config/config.ts';
import { openCopyTarget } from '../../../infrastructure/database.ts';
import { progressOn } from '../progress.ts';
import { untilStopped } from '../stop-signals.ts';

/** Of a body of the largest size there may be, in base64, with all that stands beside it. */
const MAX_LINE_BYTES = 96 * 2 ** 20;

export interface ImportOptions {
  readonly json?: boolean;
}

export async function importLines(file: string, { json = false }: ImportOptions): Promise<number> {
  loadEnvFile();
  const { database } = readConfig();
  const { stream, bytes } = open(file);
  return untilStopped('the same command goes on', async (signal) => {
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
    const started = performance.now();
    addAbortSignal(signal, stream); // who feeds a pipe may send nothing for hours
    const target = await openCopyTarget(database);
    try {
      let done = 0;
      const counted = countingBytes(stream, (more) => (done += more));
      const onStored = (): void => {
        progress.show('importing', done, bytes);
      };
      onStored();
      const result = await importUpdates(target, updatesIn(counted), { signal, onStored }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      const ok = result.conflicts === 0;
      say(json ? [jsonLine({ ok, ...result, seconds: Number(seconds.toFixed(3)) })] : summary(result, seconds));
      return ok ? 0 : EXIT_FAULT;
    } finally {
      stream.destroy();
      await target.db.destroy();
    }
  });
}

/** Throws, with the number of the line, at the first that is not valid. */
async function* updatesIn(stream: AsyncIterable<Uint8Array>): AsyncGenerator<NewUpdate[]> {
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
  // As from a pipe whose other end has failed.
  if (isEmpty) throw new Error('there is nothing to import: even an export of no message has one line');
}

async function* countingBytes(
  stream: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    count(chunk.length);
    yield chunk;
  }
}

/** Opened at once: a stream would tell that it cannot be while the database is made, and nobody listens then. */
function open(file: string): { stream: Readable; bytes: number | null } {
  if (file === '-') return { stream: process.stdin, bytes: null };
  const handle = opened(file);
  const found = fstatSync(handle);
  if (found.isDirectory()) throw new UsageError(`${file} is a folder`);
  return { stream: createReadStream(file, { fd: handle, highWaterMark: 256 * 1024 }), bytes: found.size };
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

function summary(result: ImportResult, seconds: number): string[] {
  const { created, duplicates, conflicts, conflicting, statuses, unknown } = result;
  const ids = conflicting.map((id) => JSON.stringify(id)).join(', ');
  return [
    `created     ${String(created)}`,
    `duplicates  ${String(duplicates)}`,
    `conflicts   ${String(conflicts)}${conflicts === 0 ? '' : `: ${ids}${conflicts > conflicting.length ? ', ...' : ''}`}`,
    `statuses    ${String(statuses)} news of states`,
    `unknown     ${String(unknown)} updates`,
    `time        ${seconds.toFixed(1)} s`,
  ];
}
