import { addAbortSignal } from 'node:stream';
import type { ImportResult } from '../../../application/maintenance/import-messages.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import { EXIT_FAULT, jsonLine, say } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { openInput, updatesIn } from './lines.ts';

export interface ImportOptions {
  readonly json?: boolean;
}

export async function importLines(
  { maintenance }: CommandDependencies,
  file: string,
  { json = false }: ImportOptions,
): Promise<number> {
  const { import: using } = await maintenance();
  const { stream, bytes } = openInput(file);
  return untilStopped('the same command resumes', async (signal) => {
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
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
      const ok = result.conflicts === 0;
      say(json ? [jsonLine({ ok, ...result, seconds: Number(seconds.toFixed(3)) })] : summary(result, seconds));
      return ok ? 0 : EXIT_FAULT;
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
