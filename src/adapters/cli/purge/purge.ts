import {
  mayBeRetried,
  type PurgeMessages,
  type PurgeSelection,
} from '../../../application/maintenance/purge-messages.ts';
import type { ErasureResult } from '../../../application/maintenance/erase-and-reclaim.ts';
import type { ErasurePreview } from '../../../application/ports/store.ts';
import { RETRY_DAYS } from '../../../domain/erasure-rule.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { formatTimestamp, parseTimestamp, timestampFromMicros, type Timestamp } from '../../../domain/timestamp.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { erasureResult, spaceLines } from '../erasure-result.ts';
import { progressOn } from '../progress.ts';
import type { Outcome } from '../outcome.ts';
import { UsageError } from '../run-command.ts';
import { RESUMABLE, untilStopped } from '../stop-signals.ts';

const MICROS_PER_DAY = 86_400_000_000n;

export interface PurgeOptions {
  readonly before?: string;
  readonly keep: number;
  readonly keepFrom: readonly Msisdn[];
  readonly dryRun?: boolean;
  readonly compact?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

export async function purge(
  { clock, maintenance, drawsBars }: CommandDependencies,
  options: PurgeOptions,
): Promise<Outcome> {
  const { before: given, keep, keepFrom, force = false } = options;
  if (given === undefined) throw new UsageError('--before is needed: a date-time, or days ago such as 90d');
  const now = clock.now();
  const before = instant(given, now);
  if (mayBeRetried(before, now) && !force) {
    throw new UsageError(
      `--before is less than ${String(RETRY_DAYS)} days ago: a provider may send such messages again, and they would be new; --force erases them all the same`,
    );
  }
  const { purge: using } = await maintenance();
  return using((messages) => purgeFrom(messages, { before, keep, keepFrom }, options, drawsBars));
}

async function purgeFrom(
  messages: PurgeMessages,
  selection: PurgeSelection,
  { dryRun = false, compact = false, json = false }: PurgeOptions,
  drawsBars: boolean,
): Promise<Outcome> {
  if (compact && !messages.canCompact) throw new UsageError('--compact is for SQLite');
  if (dryRun) {
    const preview = await messages.preview(selection);
    return { result: previewResult(selection.before, preview), words: previewLines(selection.before, preview) };
  }
  return untilStopped(RESUMABLE, async (signal) => {
    const progress = progressOn(process.stderr, drawsBars && !json);
    const work = { signal, onProgress: progress.show };
    const result = await messages.execute(selection, compact, work).finally(progress.end);
    return { result: erasureResult(result), words: summary(result, messages.canCompact) };
  });
}

function instant(given: string, now: Timestamp): Timestamp {
  const days = /^(\d{1,5})d$/.exec(given)?.[1];
  if (days !== undefined) return timestampFromMicros(now - BigInt(days) * MICROS_PER_DAY);
  const parsed = parseTimestamp(given);
  if (parsed === null) {
    throw new UsageError('--before takes an RFC 3339 date-time with Z or an offset, or days ago such as 90d');
  }
  return parsed;
}

function summary(result: ErasureResult, canCompact: boolean): string[] {
  const { messages, statuses, bodies } = result.erased;
  const free = result.after.reusableBytes ?? 0;
  const advice = canCompact && free > result.after.databaseBytes / 10;
  return [
    `erased         ${String(messages)} messages, ${String(statuses)} statuses, ${String(bodies)} bodies`,
    `stay           ${String(result.after.messages)} messages`,
    ...spaceLines(result),
    ...(advice
      ? ['               new messages reuse the free space; --compact reclaims it, but blocks writes meanwhile']
      : []),
  ];
}

function previewLines(before: Timestamp, preview: ErasurePreview): string[] {
  const { messages, total, statuses, bodies, firstAt, lastAt } = preview;
  return [
    `before         ${formatTimestamp(before)}`,
    `would go       ${String(messages)} of ${String(total)} messages, ${String(statuses)} statuses, ${String(bodies)} bodies`,
    ...(firstAt === null || lastAt === null
      ? []
      : [`sent           ${formatTimestamp(firstAt)} to ${formatTimestamp(lastAt)}`]),
    'nothing was erased: this was a dry run',
  ];
}

function previewResult(
  before: Timestamp,
  { messages, total, statuses, bodies, firstAt, lastAt }: ErasurePreview,
): Outcome['result'] {
  return {
    dryRun: true,
    before: formatTimestamp(before),
    would: { messages, statuses, bodies },
    total,
    first: firstAt && formatTimestamp(firstAt),
    last: lastAt && formatTimestamp(lastAt),
  };
}
