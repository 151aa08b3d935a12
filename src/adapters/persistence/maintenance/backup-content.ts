import type { Timestamp } from '../../../domain/timestamp.ts';
import { isBreaking } from '../schema/migration-source.ts';

/** What a backup holds, found by reading all of it. */
export interface BackupContent {
  /** Messages. */
  readonly rows: number;
  /** Instants of the first and the last message; null when there is none. */
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
  /** Tables of counters that are not right; null: the schema is not this version's, and nothing was counted. */
  readonly wrongCounters: readonly string[] | null;
}

export interface BackupOptions {
  /** Ends the work between two steps, and it rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** `total` is null where nobody knows it. */
  readonly onProgress: (phase: string, done: number, total: number | null) => void;
}

/** The file is not what it should be; the message says why, and holds nothing of what is stored. */
export class UnusableBackup extends Error {}

/**
 * The schema of a backup, by the names of its migrations. Throws UnusableBackup when a newer version made it and has not only
 * added to it: then this version cannot serve it (docs/adr/0019).
 */
export function refuseNewerSchema(applied: readonly string[], known: readonly string[]): void {
  const unknown = applied.filter((name) => !known.includes(name) && isBreaking(name));
  if (unknown.length === 0) return;
  throw new UnusableBackup(`a newer version made it (${unknown.join(', ')}): restore it with that version`);
}
