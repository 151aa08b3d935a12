import { createWriteStream, existsSync } from 'node:fs';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { Files } from '../../../application/ports/backup.ts';
import type { Exported, ExportOutput } from '../../../application/ports/transfer.ts';
import { messageLines, statusLine, unknownLine } from '../../ndjson/write-lines.ts';
import { placeToResume } from './resume.ts';

export function standardOutput(header: string): ExportOutput {
  process.stdout.write(header);
  return {
    place: null,
    write: (step) => writeTo(process.stdout, textOf(step)),
    finish: () => Promise.resolve(),
    abandon: (error) => Promise.resolve(error),
  };
}

/** A file of lines, new or continued. It gets its name when it is complete; a failure leaves the partial file. */
export async function openLineFile(
  files: Files,
  file: string,
  header: string,
  how: { readonly resume: boolean; readonly replace: boolean },
): Promise<ExportOutput> {
  const { resume, replace } = how;
  if (existsSync(`${file}.partial`) && !resume && !replace) {
    throw new Error(`${file}.partial is there, from an unfinished export: --resume continues it, --force starts over`);
  }
  const target = files.partial(file, how);
  try {
    const { place, bytes } = resume ? placeToResume(target.path, header) : { place: null, bytes: 0 };
    const stream = createWriteStream(target.path, { flags: 'r+', start: bytes });
    stream.on('error', () => undefined); // the next write rejects with it
    if (bytes === 0) await writeTo(stream, header);
    return {
      place,
      write: (step) => writeTo(stream, textOf(step)),
      async finish() {
        await end(stream);
        target.finish();
      },
      async abandon(error) {
        await end(stream).catch(() => undefined);
        target.keep();
        return files.explain(error, file);
      },
    };
  } catch (error) {
    target.keep();
    throw error;
  }
}

function textOf(step: Exported): string {
  if (step.kind === 'messages') return messageLines(step.messages);
  if (step.kind === 'statuses') return step.statuses.map(statusLine).join('');
  return step.payloads.map(unknownLine).join('');
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
