import { addAbortSignal } from 'node:stream';
import type { ImportResult } from '../../../application/maintenance/import-messages.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { openInput, updatesIn } from './lines.ts';

export interface ImportOptions {
  readonly json?: boolean;
}

export async function importLines(
  { maintenance, drawsBars }: CommandDependencies,
  file: string,
  { json = false }: ImportOptions,
): Promise<Outcome> {
  const { import: using } = await maintenance();
  const { stream, bytes } = openInput(file);
  return untilStopped('the same command resumes', async (signal) => {
    const progress = progressOn(process.stderr, drawsBars && !json);
    const started = performance.now();
    addAbortSignal(signal, stream); // a pipe may stay silent for hours
    return using(async (messages) => {
      let done = 0;
      const counted = countingBytes(stream, (more) => (done += more));
      const onStored = (): void => {
        progress.show('importing', done, bytes);
      };
      onStored();
      const result = await messages.execute(updatesIn(counted), { signal, onStored }).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      return outcome(result, seconds);
    }).finally(() => stream.destroy());
  });
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

function outcome(result: ImportResult, seconds: number): Outcome {
  const { conflicts } = result;
  const message = `${String(conflicts)} messages are stored with other content under their id`;
  return {
    result: { ...result, seconds: Number(seconds.toFixed(3)) },
    words: summary(result, seconds),
    failure: conflicts === 0 ? undefined : { status: EXIT_FAULT, message },
  };
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
