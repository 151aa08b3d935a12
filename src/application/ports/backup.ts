import type { Timestamp } from '../../domain/timestamp.ts';
import type { Work } from './maintenance.ts';

/** A file is not a backup that this version can restore. The message says why and contains no stored data. */
export class UnusableBackup extends Error {}

/** The content of a backup, found by reading all of it. */
export interface BackupContent {
  /** Number of messages. */
  readonly rows: number;
  /** Times of the first and the last message; null without messages. */
  readonly first: Timestamp | null;
  readonly last: Timestamp | null;
  /** Wrong counter tables; null if they were not checked, because the schema is not this version's. */
  readonly wrongCounters: readonly string[] | null;
}

/** Writes one snapshot of a live store. */
export interface BackupSource {
  /** Writes into an empty file, then reads it back. Rejects with UnusableBackup if the copy is damaged. */
  writeTo(file: string, work: Work): Promise<BackupContent>;
}

export interface RestoredContent extends Omit<BackupContent, 'wrongCounters'> {
  /** Migrations that were applied because an older version made the backup. */
  readonly migrated: readonly string[];
  /** Counter tables that were wrong in the backup and were rebuilt. */
  readonly wrongCounters: readonly string[];
  /** The file of the previous database; null if there was none, or it was not kept. */
  readonly keptAs: string | null;
}

export type BackupKind = 'sqlite' | 'postgres';

/** A store that a backup can replace. */
export interface RestoreTarget {
  /** The kind of backups that it accepts. */
  readonly kind: BackupKind;
  /** The kind of a file; null if the file is not a backup. */
  kindOf(file: string): BackupKind | null;
  /** Rejects, with the store unchanged, if it is in use, or if it holds messages and `replace` is false. */
  restore(file: string, replace: boolean, work: Work): Promise<RestoredContent>;
}

/** A file that gets its name only when it is complete. */
export interface PartialFile {
  /** The path to write to: the name followed by `.partial`. */
  readonly path: string;
  /** Makes the content durable. Throws if another file has taken the path. */
  readonly sync: () => void;
  /** Makes the content durable and gives the file its name. */
  readonly finish: () => void;
  /** Closes the partial file and leaves it. */
  readonly keep: () => void;
  /** Removes the partial file. Does nothing after `finish` or `keep`. */
  readonly discard: () => void;
}

export interface PartialFileOptions {
  /** Whether to replace an existing file and the remains of an interrupted attempt; otherwise either is an error. */
  readonly replace?: boolean;
  /** Whether to continue the file of an interrupted attempt. */
  readonly resume?: boolean;
}

export interface Files {
  partial(file: string, options?: PartialFileOptions): PartialFile;
  digest(file: string, work: Work): Promise<{ readonly bytes: number; readonly sha256: string }>;
  /** The path behind all links, also if nothing is there. */
  realPath(file: string): string;
  /** Makes the names in the folder of this file durable. */
  syncFolderOf(file: string): void;
  /** The error to report for a failed write: a full disk gets a clear message, other errors stay the same. */
  explain(error: unknown, file: string): unknown;
}
