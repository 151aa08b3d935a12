import type { StoreUsage } from '../../../application/ports/store.ts';

export type StoragePhase = 'merging' | 'shrinking' | 'vacuuming' | 'compacting';

export interface StorageOptions {
  /** Called between two steps. If it rejects, the work stops. */
  readonly check: () => Promise<void>;
  /** `done` of about `total` units of work. */
  readonly onProgress: (phase: StoragePhase, done: number, total: number) => void;
}

/** The storage of a database, which operators reclaim after they have erased messages. */
export interface StoreStorage {
  usage(): Promise<StoreUsage>;
  /** Reclaims what erasing has freed, as far as possible while the service reads and writes. */
  reclaim(options: StorageOptions): Promise<void>;
  /**
   * Rewrites the whole database, so that no erased data is left in it. Writes wait meanwhile. null if the database has no such
   * command.
   */
  readonly compact: ((options: StorageOptions) => Promise<void>) | null;
}
