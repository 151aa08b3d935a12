import type { Work } from '../ports/maintenance.ts';
import type { CopyResult, CopySource } from '../ports/transfer.ts';
import { requireSourceSchema } from './require-schema.ts';

/** Copies every message of one store to another and compares both. The same call resumes an interrupted copy. */
export class CopyStore {
  readonly #source: CopySource;

  constructor(source: CopySource) {
    this.#source = source;
  }

  /** Rejects before the target is created if the source does not have this version's schema. */
  async execute(work: Work): Promise<CopyResult> {
    await requireSourceSchema(this.#source.schema);
    return this.#source.copy(work);
  }
}

/** Whether the target holds the same messages as the source, everything that belongs to them, and correct counters. */
export function isComplete({ conflicts, firstDifference, belongings, wrongCounters }: CopyResult): boolean {
  const { source, target } = belongings;
  const complete = (['bodies', 'statuses', 'arrivals', 'traces'] as const).every((it) => target[it] >= source[it]);
  return conflicts === 0 && firstDifference === null && complete && wrongCounters.length === 0;
}
