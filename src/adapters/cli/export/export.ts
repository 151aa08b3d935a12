import type { ExportCounts } from '../../../application/maintenance/export-messages.ts';
import type { Msisdn } from '../../../domain/message.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { headerLine } from '../../ndjson/write-lines.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import { jsonLine, say, UsageError } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { openLineFile, standardOutput } from './line-output.ts';

export interface ExportOptions {
  readonly since?: Timestamp;
  readonly until?: Timestamp;
  readonly from?: Msisdn;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function exportLines(
  { maintenance }: CommandDependencies,
  file: string,
  options: ExportOptions,
): Promise<number> {
  const { since, until, from, resume = false, force: replace = false, json = false } = options;
  const toStdout = file === '-';
  if (resume && (toStdout || replace)) throw new UsageError('--resume wants a file, and no --force');
  const { export: using, files } = await maintenance();
  const header = headerLine({ since: since ?? null, until: until ?? null, from: from ?? null });
  const open = () =>
    toStdout ? Promise.resolve(standardOutput(header)) : openLineFile(files, file, header, { resume, replace });
  const left = toStdout ? 'only a part was written' : 'the same command with --resume continues';
  return untilStopped(left, (signal) =>
    using(async (messages) => {
      const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
      const started = performance.now();
      const work = { signal, onProgress: progress.show };
      const counts = await messages.execute({ since, until, from }, open, work).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      const result = json ? [asJson(counts, seconds)] : summary(counts, seconds);
      if (toStdout) for (const line of result) process.stderr.write(`${line}\n`);
      else say(result);
      return 0;
    }),
  );
}

function asJson(counts: ExportCounts, seconds: number): string {
  return jsonLine({ ok: true, ...counts, seconds: Number(seconds.toFixed(3)) });
}

function summary({ messages, statuses, unknown }: ExportCounts, seconds: number): string[] {
  return [
    `messages  ${String(messages)}`,
    `statuses  ${String(statuses)} of messages that are not here`,
    `unknown   ${String(unknown)} updates`,
    `time      ${seconds.toFixed(1)} s`,
  ];
}
