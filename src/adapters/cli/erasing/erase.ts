import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { EraseMessages } from '../../../application/erasure/erase-messages.ts';
import type { Erased, StoreUsage } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import type { ErasingDatabase } from '../../../infrastructure/database.ts';
import { commandTimer } from '../../../infrastructure/timer.ts';
import type { Progress } from '../progress.ts';

/** Below this part of the messages it is not worth the while to bring the search index into one piece for it. */
const WORTH_MERGING = 0.05;

export interface ErasureResult {
  readonly erased: Erased;
  readonly before: StoreUsage;
  readonly after: StoreUsage;
  readonly seconds: number;
  /** How long the database was written anew, and writes waited; null when it was not. */
  readonly compactingSeconds: number | null;
}

export interface ErasureOptions {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** Messages that will go, for the progress. */
  readonly expected: number;
  readonly compact: boolean;
  /** Whether the space is to be given back however little was erased. */
  readonly thorough: boolean;
}

/** Erases, and gives the space back. */
export async function erase(
  { eraser, storage }: ErasingDatabase,
  rule: ErasureRule,
  { signal, progress, expected, compact, thorough }: ErasureOptions,
): Promise<ErasureResult> {
  const began = performance.now();
  const before = await storage.usage();
  progress.show('erasing', 0, expected);
  const erased = await new EraseMessages(eraser, commandTimer).execute(rule, {
    signal,
    onProgress: ({ messages }) => {
      progress.show('erasing', messages, expected);
    },
  });
  const check = async (): Promise<void> => {
    await turnOfTheLoop(); // SQLite gives none: a signal would never be noticed
    signal.throwIfAborted();
  };
  const options = { check, onProgress: progress.show };
  if (thorough || erased.messages >= before.messages * WORTH_MERGING) await storage.reclaim(options);
  const compacting = performance.now();
  if (compact) await storage.compact?.(options);
  const done = performance.now();
  return {
    erased,
    before,
    after: await storage.usage(),
    seconds: (done - began) / 1_000,
    compactingSeconds: compact && storage.compact !== null ? (done - compacting) / 1_000 : null,
  };
}

/** What became of the space, for people. */
export function spaceLines({ before, after, compactingSeconds, seconds }: ErasureResult): string[] {
  const { databaseBytes, reusableBytes } = after;
  return [
    `size           ${size(before.databaseBytes)} before, ${size(databaseBytes)} after`,
    ...(reusableBytes === null ? [] : [`free inside    ${size(reusableBytes)}`]),
    ...(compactingSeconds === null
      ? []
      : [`compacted      in ${compactingSeconds.toFixed(1)} s, for which writes waited`]),
    `time           ${seconds.toFixed(1)} s`,
  ];
}

/** For programs. */
export function asJson({ erased, before, after, seconds, compactingSeconds }: ErasureResult): Record<string, unknown> {
  return {
    erased,
    remaining: after.messages,
    bytesBefore: before.databaseBytes,
    bytesAfter: after.databaseBytes,
    reusableBytes: after.reusableBytes,
    seconds: rounded(seconds),
    compactingSeconds: compactingSeconds === null ? null : rounded(compactingSeconds),
  };
}

function size(bytes: number): string {
  return bytes < 10_485_760 ? `${(bytes / 1_024).toFixed(0)} KiB` : `${(bytes / 1_048_576).toFixed(0)} MiB`;
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
