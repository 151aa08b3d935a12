import { createWriteStream, existsSync } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { ExportPlace } from '../../persistence/transfer/export-store.ts';
import type { DatabaseLocation } from '../../../infrastructure/config/database-location.ts';
import { explainingSpace, partialFile } from '../partial-file.ts';
import { placeToResume } from './resume.ts';

/** Where lines go. Its memory is bounded: a write resolves when there is room for the next. */
export interface LineOutput {
  /** What is there already; null when it begins. */
  readonly place: ExportPlace | null;
  readonly write: (lines: string) => Promise<void>;
  /** Everything is there: durable, and under its name. */
  readonly finish: () => Promise<void>;
  /** Lets go of it; gives the error in words that help. */
  readonly giveUp: (error: unknown) => Promise<unknown>;
}

export function standardOutput(header: string): LineOutput {
  process.stdout.write(header);
  return {
    place: null,
    write: (lines) => writeTo(process.stdout, lines),
    finish: () => Promise.resolve(),
    giveUp: (error) => Promise.resolve(error),
  };
}

export async function openLineFile(
  file: string,
  header: string,
  how: { readonly resume: boolean; readonly replace: boolean; readonly of: DatabaseLocation },
): Promise<LineOutput> {
  const { resume, replace } = how;
  if (existsSync(`${file}.partial`) && !resume && !replace) {
    throw new Error(
      `${file}.partial is there, of an export that was not finished: --resume goes on, --force begins anew`,
    );
  }
  const target = partialFile(file, how);
  try {
    const { place, bytes } = resume ? placeToResume(target.path, header) : { place: null, bytes: 0 };
    const stream = createWriteStream(target.path, { flags: 'r+', start: bytes });
    stream.on('error', () => undefined); // the write that meets it rejects
    if (bytes === 0) await writeTo(stream, header);
    return {
      place,
      write: (lines) => writeTo(stream, lines),
      async finish() {
        await end(stream);
        target.finish();
      },
      async giveUp(error) {
        await end(stream).catch(() => undefined);
        target.keep();
        return explainingSpace(error, file);
      },
    };
  } catch (error) {
    target.keep();
    throw error;
  }
}

async function writeTo(stream: Writable, text: string): Promise<void> {
  if (stream.errored) throw stream.errored;
  if (!stream.write(text)) await once(stream, 'drain');
}

function end(stream: Writable): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.end(resolve);
  });
}
