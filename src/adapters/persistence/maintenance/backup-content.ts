import type { Timestamp } from '../../../domain/timestamp.ts';
import { isBreaking } from '../schema/migration-source.ts';

/** The content of a backup, found by reading all of it. */
export interface BackupContent {
  /** Number of messages. */
  readonly rows: number;
  /** Instants of the first and the last message; null if there are no messages. */
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
  /** Counter tables with wrong counts; null if they were not checked, because the schema is not this version's. */
  readonly wrongCounters: readonly string[] | null;
}

export interface BackupOptions {
  /** Stops the work between two steps; it then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** `total` is null if it is unknown. */
  readonly onProgress: (phase: string, done: number, total: number | null) => void;
}

/** The file is not a usable backup. The message says why and contains no stored data. */
export class UnusableBackup extends Error {}

/**
 * Throws UnusableBackup if a newer version applied a breaking migration to the backup, so that this version cannot serve it
 * (docs/adr/0019).
 */
export function refuseNewerSchema(applied: readonly string[], known: readonly string[]): void {
  const unknown = applied.filter((name) => !known.includes(name) && isBreaking(name));
  if (unknown.length === 0) return;
  throw new UnusableBackup(`a newer version made it (${unknown.join(', ')}): restore it with that version`);
}
