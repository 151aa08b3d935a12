import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises';
import type { MessageId } from '../../../domain/message.ts';
import { isMessage, type NewUpdate, type UpdateOutcome } from '../../../domain/update.ts';
import type { CopyTarget } from './copy-messages.ts';
import { newUnknown } from './unknown-payloads.ts';

/** Updates in a commit: few enough that a service that stores beside it waits for some milliseconds. */
const GROUP = 500;
const GROUP_BYTES = 8 * 2 ** 20;
/** Messages taken into counters and index at a time: each costs less than in smaller steps, and a step some 40 ms. */
const DERIVED_AT_A_TIME = 5_000;
/** The ids of so many conflicts are kept to be told; all of them are counted. */
const CONFLICTS_NAMED = 10;
/** A service that takes the same steps is at it: look again after this. */
const BUSY_MS = 50;
const BUSY_TRIES = 200;

export interface ImportResult {
  readonly created: number;
  readonly duplicates: number;
  /** Messages whose id is taken by another content, which stays. */
  readonly conflicts: number;
  /** The ids of the first of them. */
  readonly conflicting: readonly MessageId[];
  /** States of messages that are newer than what was known. */
  readonly statuses: number;
  /** Unknown updates that were not there. */
  readonly unknown: number;
}

export interface ImportOptions {
  /** Ends it between two commits. */
  readonly signal: AbortSignal;
  readonly onStored: () => void;
}

/**
 * Adds updates in their order, some hundred in a commit. When `updates` throws, all before is stored. Adding the same again
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
    await turnOfTheLoop(); // SQLite gives none: a signal would never be noticed
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

/** Gives null when a service beside it has just taken the same step. */
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
