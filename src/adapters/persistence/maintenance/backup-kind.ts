import { closeSync, openSync, readSync } from 'node:fs';
import type { BackupKind } from '../../../application/ports/backup.ts';

/** The first bytes of each kind of backup. */
const BEGINNINGS = { sqlite: 'SQLite format 3\0', postgres: 'PGDMP' } as const;

/** The kind of a backup by its first bytes; null if the file is not a backup. */
export function backupKindOf(file: string): BackupKind | null {
  const beginning = beginningOf(file);
  for (const kind of ['sqlite', 'postgres'] as const) if (beginning.startsWith(BEGINNINGS[kind])) return kind;
  return null;
}

function beginningOf(file: string): string {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(16);
    return bytes.toString('latin1', 0, readSync(handle, bytes, 0, bytes.length, 0));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}`, { cause: error });
  } finally {
    closeSync(handle);
  }
}
