import type { ErasureRule } from '../../domain/erasure-rule.ts';
import type { EraseOptions } from '../erasure/erase-messages.ts';
import type { ReclaimableStorage, Work } from '../ports/maintenance.ts';
import type { Erased, StoreUsage } from '../ports/store.ts';

/** If less than this part of the messages was erased, merging the search index is not worth its cost. */
const WORTH_MERGING = 0.05;

export interface ErasureResult {
  readonly erased: Erased;
  readonly before: StoreUsage;
  readonly after: StoreUsage;
  readonly seconds: number;
  /** How long writes waited for the database to be rewritten; null if it was not. */
  readonly compactingSeconds: number | null;
}

export interface ErasureOptions {
  /** Number of messages that will be erased, for the progress. */
  readonly expected: number;
  readonly compact: boolean;
  /** Whether to reclaim the space however little was erased. */
  readonly thorough: boolean;
}

export interface ErasurePorts {
  readonly erase: { execute(rule: ErasureRule, options: EraseOptions): Promise<Erased> };
  readonly storage: ReclaimableStorage;
}

/** Erases what the rule covers, then reclaims the space. */
export async function eraseAndReclaim(
  { erase, storage }: ErasurePorts,
  rule: ErasureRule,
  { expected, compact, thorough }: ErasureOptions,
  work: Work,
): Promise<ErasureResult> {
  const began = performance.now();
  const before = await storage.usage();
  work.onProgress('erasing', 0, expected);
  const erased = await erase.execute(rule, {
    signal: work.signal,
    onProgress: ({ messages }) => {
      work.onProgress('erasing', messages, expected);
    },
  });
  if (thorough || erased.messages >= before.messages * WORTH_MERGING) await storage.reclaim(work);
  const compacting = performance.now();
  if (compact) await storage.compact?.(work);
  const done = performance.now();
  return {
    erased,
    before,
    after: await storage.usage(),
    seconds: (done - began) / 1_000,
    compactingSeconds: compact && storage.compact !== null ? (done - compacting) / 1_000 : null,
  };
}
