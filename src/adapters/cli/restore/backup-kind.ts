import { closeSync, openSync, readSync } from 'node:fs';
import { UnusableBackup } from '../../persistence/maintenance/backup-content.ts';
import { UsageError } from '../run-command.ts';

/** What the two kinds of backups begin with. */
const BEGINNINGS = { sqlite: 'SQLite format 3\0', postgres: 'PGDMP' } as const;

export function kindOf(file: string): keyof typeof BEGINNINGS {
  const beginning = beginningOf(file);
  for (const kind of ['sqlite', 'postgres'] as const) if (beginning.startsWith(BEGINNINGS[kind])) return kind;
  throw new UnusableBackup('it is not a backup; what "export" wrote goes to "import"');
}

function beginningOf(file: string): string {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? new UsageError(`${file} is not there`) : new Error(`${file} cannot be read: ${code}`);
  }
  try {
    const bytes = Buffer.alloc(16);
    return bytes.toString('latin1', 0, readSync(handle, bytes, 0, bytes.length, 0));
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? ''}`, { cause: error });
  } finally {
    closeSync(handle);
  }
}
