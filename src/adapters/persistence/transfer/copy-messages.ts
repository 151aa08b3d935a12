import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Knex } from 'knex';
import type { MessageRepository } from '../../../application/ports/store.ts';
import type { Comparison, CopyResult } from '../../../application/ports/transfer.ts';
import type { MessageId } from '../../../domain/message.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { compareMessages } from './compare-messages.ts';
import { addWithDeliveries, copyStatuses, copyUnknown, countBelongings } from './copy-deliveries.ts';
import { wrongCounters } from '../counters/counter-check.ts';
import type { Dialect } from '../schema/dialect.ts';
import { DERIVE_STEP } from '../ingest/derived-data-worker.ts';
import { countAll, countBefore } from '../counters/message-counters.ts';
import { nextPage, spanOf, type ReadFrom } from '../query/message-pages.ts';

const PAGE = 2_000;
/** Maximum of conflicts whose ids are reported. All conflicts are counted. */
const CONFLICTS_NAMED = 10;
/** Precision of the search for the first period to copy, in microseconds: reading a minute is cheaper than another query. */
const NEAR_ENOUGH = 60_000_000n;

export interface CopySource {
  readonly db: Knex;
  readonly dialect: Dialect;
}

/** A store with this version's schema. */
export interface CopyTarget extends CopySource {
  readonly add: MessageRepository['add'];
  readonly deriveNext: (limit: number) => Promise<number>;
}

export type CopyPhase = 'copying' | 'comparing';

export interface CopyOptions {
  /** Stops the copy between two commits; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** `done` of about `total` messages; a live source may have more. */
  readonly onProgress?: (phase: CopyPhase, done: number, total: number) => void;
  /**
   * Messages per commit.
   * @default 2000
   */
  readonly pageSize?: number;
}

/**
 * Copies each message that the target does not contain exactly once, then compares both stores completely. Memory use does not
 * grow with the number of messages. If it is stopped, the target contains complete commits, and the next call resumes after
 * them. It only reads the source, which must have this version's schema.
 */
export async function copyMessages(
  source: CopySource,
  target: CopyTarget,
  { signal, onProgress = () => undefined, pageSize = PAGE }: CopyOptions = {},
): Promise<CopyResult> {
  const check = async (): Promise<void> => {
    await turnOfTheLoop(); // SQLite blocks the event loop: without a turn, signals are never handled
    signal?.throwIfAborted();
  };
  await catchUp(target, check);
  const total = await countAll(source.db, source.dialect);
  const pass = (from: Timestamp): Promise<Pass> =>
    copyFrom(source, target, from, {
      pageSize,
      check,
      onProgress(done) {
        onProgress('copying', done, total);
      },
    });
  const compare = (): Promise<Comparison> =>
    compareMessages(source.db, target.db, {
      pageSize,
      check,
      onProgress(done) {
        onProgress('comparing', done, total);
      },
    });

  await copyStatuses(source.db, pageSize, check, target.add);
  const unknown = await copyUnknown(source.db, target.db, check, target.add);
  const span = await spanOf(source.db);
  let copied = 0;
  let last: Pass | null = null;
  let comparison: Comparison;
  if (span === null) comparison = await compare();
  else {
    const from = await agreeingBefore(source, target, span);
    last = await pass(from);
    copied = last.created;
    comparison = await compare();
    // Equal counts do not prove equal messages. If the skipped part differs, copy it after all.
    if (comparison.firstDifference !== null && comparison.firstDifference.sentAt < from) {
      last = await pass(span.first);
      copied += last.created;
      comparison = await compare();
    }
  }
  await catchUp(target, check);
  const { seen = 0, conflicts = 0, conflicting = [] } = last ?? {};
  return {
    ...comparison,
    copied,
    alreadyThere: seen - copied - conflicts,
    conflicts,
    conflicting,
    unknown,
    belongings: { source: await countBelongings(source.db), target: await countBelongings(target.db) },
    wrongCounters: await wrongCounters(target.db, target.dialect),
  };
}

/**
 * Finds an instant before which both stores have the same number of messages, because an earlier copy was complete up to there.
 * It saves work but proves nothing: the source's counters may be wrong, and equal numbers may be different messages.
 */
async function agreeingBefore(
  source: CopySource,
  target: CopySource,
  { first, last }: { first: Timestamp; last: Timestamp },
): Promise<Timestamp> {
  const agree = async (instant: Timestamp): Promise<boolean> =>
    (await countBefore(source.db, source.dialect, instant)) === (await countBefore(target.db, target.dialect, instant));
  if (await agree(last)) return last;
  let [low, high] = [first, last];
  while (high - low > NEAR_ENOUGH) {
    const middle = ((low + high) / 2n) as Timestamp;
    if (await agree(middle)) low = middle;
    else high = middle;
  }
  return low;
}

interface Pass {
  /** Messages of the source up to the end of this pass, including those before its start. */
  readonly seen: number;
  readonly created: number;
  readonly conflicts: number;
  readonly conflicting: readonly MessageId[];
}

interface PassOptions {
  readonly pageSize: number;
  readonly check: () => Promise<void>;
  readonly onProgress: (seen: number) => void;
}

async function copyFrom(
  source: CopySource,
  target: CopyTarget,
  sentAt: Timestamp,
  { pageSize, check, onProgress }: PassOptions,
): Promise<Pass> {
  let seen = await countBefore(source.db, source.dialect, sentAt);
  let [created, conflicts] = [0, 0];
  const conflicting: MessageId[] = [];
  const read = (from: ReadFrom) => nextPage(source.db, from, pageSize);
  onProgress(seen);
  await check();
  let page = await read({ sentAt });
  for (let last = page.at(-1); last !== undefined; last = page.at(-1)) {
    // Read the next page while the target writes.
    const [next, outcomes] = await Promise.all([read(last), addWithDeliveries(source.db, page, target.add)]);
    await target.deriveNext(DERIVE_STEP);
    page.forEach(({ messageId }, i) => {
      if (outcomes[i] === 'created') created++;
      if (outcomes[i] !== 'conflict') return;
      conflicts++;
      if (conflicting.length < CONFLICTS_NAMED) conflicting.push(messageId);
    });
    seen += page.length;
    onProgress(seen);
    await check();
    page = next;
  }
  return { seen, created, conflicts, conflicting };
}

async function catchUp({ deriveNext }: CopyTarget, check: () => Promise<void>): Promise<void> {
  do await check();
  while ((await deriveNext(DERIVE_STEP)) === DERIVE_STEP);
}
