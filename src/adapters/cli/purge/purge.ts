import type { ErasurePreview } from '../../../application/ports/store.ts';
import { RETRY_DAYS, type ExpiryRule } from '../../../domain/erasure-rule.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { formatTimestamp, parseTimestamp, timestampFromMicros, type Timestamp } from '../../../domain/timestamp.ts';
import { systemClock } from '../../../infrastructure/clock.ts';
import { jsonLine, say, UsageError } from '../run-command.ts';
import type { ErasingDatabase } from '../../../infrastructure/database.ts';
import { progressOn } from '../progress.ts';
import { stopSignal } from '../stop-signals.ts';
import { withErasing } from '../erasing/database.ts';
import { asJson, erase, spaceLines, type ErasureResult } from '../erasing/erase.ts';

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

export async function purge({ before: given, force = false, ...options }: PurgeOptions): Promise<number> {
  if (given === undefined) throw new UsageError('--before is needed: a date-time, or days ago such as 90d');
  const now = systemClock.now();
  const before = instant(given, now);
  if (before > now - BigInt(RETRY_DAYS) * MICROS_PER_DAY && !force) {
    throw new UsageError(
      `--before is less than ${String(RETRY_DAYS)} days ago: a provider may send such messages again, and they would be new; --force erases them all the same`,
    );
  }
  return withErasing({ overwrite: false }, (database) => purgeFrom(database, before, options));
}

async function purgeFrom(
  database: ErasingDatabase,
  before: Timestamp,
  { keep, keepFrom, dryRun = false, compact = false, json = false }: Omit<PurgeOptions, 'before' | 'force'>,
): Promise<number> {
  if (compact && database.storage.compact === null) throw new UsageError('--compact is for SQLite');
  const { eraser } = database;
  const rule: ExpiryRule = { of: 'age', before, keepFrom, keepSince: keep === 0 ? null : await eraser.newest(keep) };
  if (dryRun) {
    const preview = await eraser.preview(rule);
    say(json ? [previewAsJson(before, preview)] : previewLines(before, preview));
    return 0;
  }
  const progress = progressOn(process.stderr, process.stderr.isTTY && !json);
  const signal = stopSignal();
  const options = { signal, progress, expected: await eraser.reach(rule), compact, thorough: compact };
  const result = await erase(database, rule, options).finally(progress.end);
  say(json ? [jsonLine({ ok: true, ...asJson(result) })] : summary(result, database));
  return 0;
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

function summary(result: ErasureResult, { storage }: ErasingDatabase): string[] {
  const { messages, statuses, bodies } = result.erased;
  const free = result.after.reusableBytes ?? 0;
  const advice = storage.compact !== null && free > result.after.databaseBytes / 10;
  return [
    `erased         ${String(messages)} messages, ${String(statuses)} statuses, ${String(bodies)} bodies`,
    `stay           ${String(result.after.messages)} messages`,
    ...spaceLines(result),
    ...(advice
      ? ['               what is free inside is used again; --compact gives it back, writes wait meanwhile']
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

function previewAsJson(
  before: Timestamp,
  { messages, total, statuses, bodies, firstAt, lastAt }: ErasurePreview,
): string {
  return jsonLine({
    ok: true,
    dryRun: true,
    before: formatTimestamp(before),
    would: { messages, statuses, bodies },
    total,
    first: firstAt && formatTimestamp(firstAt),
    last: lastAt && formatTimestamp(lastAt),
  });
}
