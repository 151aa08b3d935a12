import type { Knex } from 'knex';
import type { BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { rebuildCounters, wrongCounters } from '../../counters/counter-check.ts';
import { migrateLatest } from '../../schema/migrator.ts';
import { renewEpoch } from '../../feed/stream-epoch.ts';
import { makeOneFile } from './backup.ts';
import { openSqlite } from '../database.ts';
import { sqliteDialect } from '../dialect.ts';
import { examine } from './examine.ts';

export interface RestoredContent extends BackupContent {
  /** Migrations that were applied because an older version made the backup. */
  readonly migrated: readonly string[];
  readonly wrongCounters: readonly string[];
}

/**
 * Prepares a copy of a backup for this version: checks it, migrates it, fixes its counters and moves its log into the file.
 * Rejects with UnusableBackup if it is damaged, does not belong to this service, or belongs to a newer version.
 */
export async function prepareRestored(file: string, options: Work): Promise<RestoredContent> {
  const content = await examine(file, options);
  const changed = await bringUpToDate(file, content);
  makeOneFile(file);
  return { ...content, ...changed };
}

async function bringUpToDate(
  file: string,
  content: BackupContent,
): Promise<Pick<RestoredContent, 'migrated' | 'wrongCounters'>> {
  const db = openSqlite({ file, bigIntegers: false });
  try {
    const migrated = await migrateLatest(db);
    await db.transaction((transaction) => renewEpoch(transaction, sqliteDialect));
    return { migrated, wrongCounters: await fixCounters(db, migrated.length > 0, content) };
  } finally {
    await db.destroy();
  }
}

/** Returns the counter tables that were wrong and are fixed now. */
async function fixCounters(db: Knex, changed: boolean, content: BackupContent): Promise<readonly string[]> {
  const wrong = changed ? await wrongCounters(db, sqliteDialect) : (content.wrongCounters ?? []);
  if (wrong.length > 0) await rebuildCounters(db, sqliteDialect);
  return wrong;
}
