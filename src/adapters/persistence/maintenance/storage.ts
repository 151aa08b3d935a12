import type { StoreUsage } from '../../../application/ports/store.ts';

export type SpacePhase = 'merging' | 'shrinking' | 'vacuuming' | 'compacting';

export interface SpaceOptions {
  /** Called between two steps; rejects to stop. */
  readonly check: () => Promise<void>;
  /** `done` of about `total` pieces of work. */
  readonly onProgress: (phase: SpacePhase, done: number, total: number) => void;
}

/** The space that a database takes, for operators who have erased from it. */
export interface StoreSpace {
  usage(): Promise<StoreUsage>;
  /** Gives back what erasing has freed, as far as that goes while others store and read. */
  giveBack(options: SpaceOptions): Promise<void>;
  /**
   * Writes the whole database anew, so that nothing is left in it of what was erased. Writes wait meanwhile. null where a
   * database has no such thing.
   */
  readonly compact: ((options: SpaceOptions) => Promise<void>) | null;
}
