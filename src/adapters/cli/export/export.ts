import type { ExportCounts } from '../../../application/maintenance/export-messages.ts';
import type { Msisdn } from '../../../domain/message.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { headerLine } from '../../ndjson/write-lines.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { failed, UsageError } from '../run-command.ts';
import { untilStopped } from '../stop-signals.ts';
import { requireOpenStdout } from '../streams.ts';
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
  dependencies: CommandDependencies,
  file: string,
  options: ExportOptions,
): Promise<Outcome> {
  if (file !== '-') return exportTo(dependencies, file, options);
  requireOpenStdout();
  // stdout carries the lines.
  const toStderr = { stream: process.stderr };
  try {
    return { ...(await exportTo(dependencies, null, options)), ...toStderr };
  } catch (error) {
    return { result: {}, words: [], failure: failed(error), ...toStderr };
  }
}

async function exportTo(
  { maintenance, drawsBars }: CommandDependencies,
  file: string | null,
  options: ExportOptions,
): Promise<Outcome> {
  const { since, until, from, resume = false, force: replace = false, json = false } = options;
  if (resume && (file === null || replace)) throw new UsageError('--resume wants a file, and no --force');
  const { export: using, files } = await maintenance();
  const header = headerLine({ since: since ?? null, until: until ?? null, from: from ?? null });
  const open = () =>
    file === null ? Promise.resolve(standardOutput(header)) : openLineFile(files, file, header, { resume, replace });
  const left = file === null ? 'only a part was written' : 'the same command with --resume continues';
  return untilStopped(left, (signal) =>
    using(async (messages) => {
      const progress = progressOn(process.stderr, drawsBars && !json);
      const started = performance.now();
      const work = { signal, onProgress: progress.show };
      const counts = await messages.execute({ since, until, from }, open, work).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      return { result: { ...counts, seconds: Number(seconds.toFixed(3)) }, words: summary(counts, seconds) };
    }),
  );
}

function summary({ messages, statuses, unknown }: ExportCounts, seconds: number): string[] {
  return [
    `messages  ${String(messages)}`,
    `statuses  ${String(statuses)} of messages that are not here`,
    `unknown   ${String(unknown)} updates`,
    `time      ${seconds.toFixed(1)} s`,
  ];
}
