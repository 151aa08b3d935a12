import type { MessageId } from '../../domain/message.ts';
import { isMessage, type NewUpdate } from '../../domain/update.ts';
import type { UpdateOutcome } from '../../domain/ingest-outcome.ts';
import type { ImportTarget } from '../ports/transfer.ts';

/** Updates per commit: a service that stores at the same time waits only a few milliseconds. */
const GROUP = 500;
const GROUP_BYTES = 8 * 2 ** 20;
/** Messages per step of derived data: large steps cost less per message, and one takes about 40 ms. */
const DERIVED_AT_A_TIME = 5_000;
/** All conflicts are counted; up to this many are named. */
const CONFLICTS_NAMED = 10;
/** Attempts to catch up while a service takes the same steps. */
const BUSY_TRIES = 200;

export interface ImportResult {
  readonly created: number;
  readonly duplicates: number;
  /** Messages whose id is stored with other content; the stored one stays. */
  readonly conflicts: number;
  /** The first of their ids. */
  readonly conflicting: readonly MessageId[];
  /** Statuses that are newer than the stored ones. */
  readonly statuses: number;
  /** Unknown updates that were not stored before. */
  readonly unknown: number;
}

export interface ImportOptions {
  /** Ends the import between two commits. */
  readonly signal: AbortSignal;
  /** Called after each commit. */
  readonly onStored: () => void;
}

/** Stores updates in their order, some hundred per commit. Importing the same again changes nothing. */
export class ImportMessages {
  readonly #target: ImportTarget;

  constructor(target: ImportTarget) {
    this.#target = target;
  }

  /** If `updates` throws, everything before is stored. */
  async execute(
    updates: AsyncIterable<readonly NewUpdate[]>,
    { signal, onStored }: ImportOptions,
  ): Promise<ImportResult> {
    const tally = { created: 0, duplicates: 0, conflicts: 0, statuses: 0, unknown: 0 };
    const conflicting: MessageId[] = [];
    let group: NewUpdate[] = [];
    let bytes = 0;
    let underived = 0;

    const store = async (): Promise<void> => {
      const stored = group;
      [group, bytes] = [[], 0];
      signal.throwIfAborted();
      const outcomes = await this.#target.add(stored);
      outcomes.forEach((outcome, i) => {
        count(tally, outcome);
        const update = stored[i];
        if (outcome !== 'conflict' || update === undefined || !isMessage(update)) return;
        if (conflicting.length < CONFLICTS_NAMED) conflicting.push(update.messageId);
      });
      underived += outcomes.filter((outcome) => outcome === 'created').length;
      if (underived >= DERIVED_AT_A_TIME) {
        await this.#target.deriveNext(DERIVED_AT_A_TIME);
        underived = 0;
      }
      onStored();
    };

    try {
      for await (const some of updates) {
        for (const update of some) {
          const isUnknown = !isMessage(update) && update.kind === 'unknown';
          if (isUnknown && !(await this.#target.isNewUnknown(update.payload))) continue;
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
    await this.#catchUp(signal);
    return { ...tally, conflicting };
  }

  async #catchUp(signal: AbortSignal): Promise<void> {
    for (let busy = 0; busy < BUSY_TRIES;) {
      signal.throwIfAborted();
      const derived = await this.#target.deriveNext(DERIVED_AT_A_TIME);
      if (derived === 'busy') busy++;
      else if (derived < DERIVED_AT_A_TIME) return;
    }
  }
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
