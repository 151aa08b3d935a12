import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises';
import type { MessageId } from '../../../domain/message.ts';
import { isMessage, type NewUpdate, type UpdateOutcome } from '../../../domain/update.ts';
import type { CopyTarget } from './copy-messages.ts';
import { newUnknown } from './unknown-payloads.ts';

/** Updates per commit: few enough that a running service waits only some milliseconds. */
const GROUP = 500;
const GROUP_BYTES = 8 * 2 ** 20;
/** Messages per step of derived data. A step takes about 40 ms; smaller ones would cost more per message. */
const DERIVED_AT_A_TIME = 5_000;
/** Maximum of conflicts whose ids are reported. All conflicts are counted. */
const CONFLICTS_NAMED = 10;
/** Delay of a retry while a running service takes the same step. */
const BUSY_MS = 50;
const BUSY_TRIES = 200;

export interface ImportResult {
  readonly created: number;
  readonly duplicates: number;
  /** Messages whose id is stored with other content. The stored content stays. */
  readonly conflicts: number;
  /** The ids of the first conflicts. */
  readonly conflicting: readonly MessageId[];
  /** Statuses that are later than the stored ones. */
  readonly statuses: number;
  /** Unknown updates that were not stored yet. */
  readonly unknown: number;
}

export interface ImportOptions {
  /** Stops the import between two commits. */
  readonly signal: AbortSignal;
  readonly onStored: () => void;
}

/**
 * Adds updates in order, up to GROUP per commit. If `updates` throws, everything before is stored. Importing the same updates again
 * changes nothing.
 */
export async function importUpdates(
  target: CopyTarget,
  updates: AsyncIterable<readonly NewUpdate[]>,
  { signal, onStored }: ImportOptions,
): Promise<ImportResult> {
  const tally = { created: 0, duplicates: 0, conflicts: 0, statuses: 0, unknown: 0 };
  const conflicting: MessageId[] = [];
  const isNew = newUnknown(target.db);
  let group: NewUpdate[] = [];
  let bytes = 0;
  let underived = 0;

  async function store(): Promise<void> {
    const stored = group;
    [group, bytes] = [[], 0];
    await turnOfTheLoop(); // SQLite blocks the event loop: without a turn, signals are never handled
    signal.throwIfAborted();
    const outcomes = await target.add(stored);
    outcomes.forEach((outcome, i) => {
      count(tally, outcome);
      const update = stored[i];
      if (outcome !== 'conflict' || update === undefined || !isMessage(update)) return;
      if (conflicting.length < CONFLICTS_NAMED) conflicting.push(update.messageId);
    });
    underived += outcomes.filter((outcome) => outcome === 'created').length;
    if (underived >= DERIVED_AT_A_TIME) {
      await deriveSome(target);
      underived = 0;
    }
    onStored();
  }

  try {
    for await (const some of updates) {
      for (const update of some) {
        if (!isMessage(update) && update.kind === 'unknown' && !(await isNew(update.payload))) continue;
        group.push(update);
        if ('payload' in update) bytes += update.payload.body.length;
      }
      if (group.length >= GROUP || bytes >= GROUP_BYTES) await store();
    }
  } catch (error) {
    if (!signal.aborted) await store();
    throw error;
  }
  await store();
  await catchUp(target, signal);
  return { ...tally, conflicting };
}

function count(
  tally: Record<'created' | 'duplicates' | 'conflicts' | 'statuses' | 'unknown', number>,
  outcome: UpdateOutcome,
): void {
  if (outcome === 'created') tally.created++;
  else if (outcome === 'duplicate') tally.duplicates++;
  else if (outcome === 'conflict') tally.conflicts++;
  else if (outcome === 'status_updated') tally.statuses++;
  else if (outcome === 'kept') tally.unknown++;
}

/** Returns null if a running service is taking the same step. */
async function deriveSome({ deriveNext }: CopyTarget): Promise<number | null> {
  try {
    return await deriveNext(DERIVED_AT_A_TIME);
  } catch (error) {
    if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return null;
    throw error;
  }
}

async function catchUp(target: CopyTarget, signal: AbortSignal): Promise<void> {
  for (let busy = 0; busy < BUSY_TRIES;) {
    await turnOfTheLoop();
    signal.throwIfAborted();
    const taken = await deriveSome(target);
    if (taken === null) {
      busy++;
      await delay(BUSY_MS);
    } else if (taken < DERIVED_AT_A_TIME) return;
  }
}
