import type { Msisdn } from '../../domain/message.ts';
import type { StoreUsage } from './store.ts';

/** How long-running work is stopped and observed. */
export interface Work {
  /** Stops the work between two steps; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** `done` of about `total` units; `total` is null if it is unknown. */
  readonly onProgress: (phase: string, done: number, total: number | null) => void;
}

/** The migrations of a store, by name. */
export interface SchemaStatus {
  readonly applied: readonly string[];
  /** Known to this version and not applied. */
  readonly pending: readonly string[];
  /** Applied by a newer version and not known to this one. */
  readonly unknown: readonly string[];
}

/** Tells whether a store has the schema of this version. Only reads. */
export interface SchemaCheck {
  status(): Promise<SchemaStatus>;
  /** Whether this version cannot use a schema to which a newer version applied this migration (docs/adr/0019). */
  isBreaking(migration: string): boolean;
}

/** Changes the schema of a store. */
export interface SchemaChange {
  /** Applies all pending migrations and returns their names. */
  migrate(): Promise<readonly string[]>;
  /** Reverts the latest batch and returns its names. Rejects if that would delete messages. */
  rollback(): Promise<readonly string[]>;
}

/** The search index compared with the messages. */
export interface IndexInspection {
  /** The first fault; null if there is none. */
  readonly damage: string | null;
  /** What was compared, as the end of a sentence about the index. */
  readonly checked: string;
}

/** Examines a store, and repairs what can be derived from its messages. */
export interface StoreInspection {
  /** Seconds since 1970 by the clock of the database server; null if there is no server. */
  readonly serverSeconds: (() => Promise<number>) | null;
  /** Who else may read the files: everybody on the machine, or their group. The method is null if there is a server. */
  readonly exposure: (() => { readonly file: string; readonly to: 'everybody' | 'group' | null }) | null;
  /**
   * The first damage of the pages, except those of the search index, and the number of pages that belong to nothing. The method is
   * null if the database checks pages as it reads them.
   */
  readonly findDamage: (() => Promise<{ readonly damage: string | null; readonly unused: number }>) | null;
  inspectSearchIndex(): Promise<IndexInspection>;
  /** Counter tables that differ from a scan of all messages. */
  wrongCounters(): Promise<readonly string[]>;
  /** Writes wait meanwhile. */
  rebuildCounters(): Promise<void>;
  /** Empties the search index, whatever its state; the service fills it again. null if the database maintains the index itself. */
  readonly resetSearchIndex: (() => Promise<void>) | null;
}

/** The space that a store occupies. */
export interface ReclaimableStorage {
  usage(): Promise<StoreUsage>;
  /** Releases what erasing has freed, as far as that is possible while others read and write. */
  reclaim(work: Work): Promise<void>;
  /** Rewrites the database, so that no erased data remains in it. Writes wait. null if it is not supported. */
  readonly compact: ((work: Work) => Promise<void>) | null;
}

/** In how many places a number is, by the rule of erasing: with another digit beside it, it is another number. */
export interface NumberPlaces {
  /** In the files, but in no row that is kept. */
  readonly left: number;
  /** In rows that are kept: other people's texts, bodies and ids. */
  readonly kept: number;
}

/** Searches the files of a store for what erasing left in them. */
export interface RemnantSearch {
  /** null if the files belong to a server. */
  placesOf(number: Msisdn): Promise<NumberPlaces | null>;
}

export interface SearchIndex {
  /** Rebuilds the index in any state, while others read and write. Returns the number of messages. */
  rebuild(work: Work): Promise<number>;
}
