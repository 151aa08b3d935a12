import { requireNewestSchema, type CopySource } from '../../persistence/transfer/copy-messages.ts';
import { exportStore, type Exported, type ExportFilter } from '../../persistence/transfer/export-store.ts';
import { listMessages } from '../../persistence/query/message-queries.ts';
import { headerLine, messageLines, statusLine, unknownLine } from '../../ndjson/write-lines.ts';
import type { Msisdn } from '../../../domain/message.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { jsonLine, say, UsageError } from '../run-command.ts';
import { loadEnvFile, readConfig } from '../../../infrastructure/config/config.ts';
import { openCopySource } from '../../../infrastructure/database.ts';
import { progressOn } from '../progress.ts';
import { untilStopped } from '../stop-signals.ts';
import { openLineFile, standardOutput, type LineOutput } from './line-output.ts';

export interface ExportOptions {
  readonly since?: Timestamp;
  readonly until?: Timestamp;
  readonly from?: Msisdn;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface Counts {
  messages: number;
  statuses: number;
  unknown: number;
}

export async function exportLines(file: string, options: ExportOptions): Promise<number> {
  const { since, until, from, resume = false, force = false, json = false } = options;
  const toStdout = file === '-';
  if (resume && (toStdout || force)) throw new UsageError('--resume wants a file, and no --force');
  loadEnvFile();
  const { database } = readConfig();
  const left = toStdout ? 'only a part was written' : 'the same command with --resume goes on';
  return untilStopped(left, async (signal) => {
    const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
    const started = performance.now();
    const source = await openCopySource(database);
    try {
      await requireNewestSchema(source.db);
      const header = headerLine({ since: since ?? null, until: until ?? null, from: from ?? null });
      const how = { resume, replace: force, of: database };
      const output = toStdout ? standardOutput(header) : await openLineFile(file, header, how);
      const filter = { since, until, from };
      const counts = await writeAll(source, filter, output, signal, progress.show).finally(progress.end);
      const seconds = (performance.now() - started) / 1000;
      const result = json
        ? [jsonLine({ ok: true, ...counts, seconds: Number(seconds.toFixed(3)) })]
        : summary(counts, seconds);
      if (toStdout) for (const line of result) process.stderr.write(`${line}\n`);
      else say(result);
      return 0;
    } finally {
      await source.db.destroy();
    }
  });
}

async function writeAll(
  { db, dialect }: CopySource,
  filter: ExportFilter,
  output: LineOutput,
  signal: AbortSignal,
  show: (phase: string, done: number, total: number | null) => void,
): Promise<Counts> {
  const counts: Counts = { messages: 0, statuses: 0, unknown: 0 };
  try {
    const total = await db.transaction((snapshot) => totalOf(snapshot, dialect, filter));
    show('exporting', 0, total);
    for await (const step of exportStore(db, filter, output.place, signal)) {
      await output.write(textOf(step));
      count(counts, step);
      show('exporting', counts.messages, total);
    }
    await output.finish();
    return counts;
  } catch (error) {
    throw await output.giveUp(error);
  }
}

async function totalOf(
  snapshot: CopySource['db'],
  dialect: CopySource['dialect'],
  filter: ExportFilter,
): Promise<number> {
  const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  return (await listMessages(snapshot, dialect, given, { offset: 0 }, 1)).total;
}

function textOf(step: Exported): string {
  if (step.kind === 'messages') return messageLines(step.messages);
  if (step.kind === 'statuses') return step.statuses.map(statusLine).join('');
  return step.payloads.map(unknownLine).join('');
}

function count(counts: Counts, step: Exported): void {
  if (step.kind === 'messages') counts.messages += step.messages.length;
  else if (step.kind === 'statuses') counts.statuses += step.statuses.length;
  else counts.unknown += step.payloads.length;
}

function summary({ messages, statuses, unknown }: Counts, seconds: number): string[] {
  return [
    `messages  ${String(messages)}`,
    `statuses  ${String(statuses)} of messages that are not here`,
    `unknown   ${String(unknown)} updates`,
    `time      ${seconds.toFixed(1)} s`,
  ];
}
