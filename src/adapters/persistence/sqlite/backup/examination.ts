import type { Knex } from 'knex';
import type { Timestamp } from '../../../../domain/timestamp.ts';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import { refuseNewerSchema } from '../../maintenance/backup-content.ts';
import { wrongCounters } from '../../counters/counter-check.ts';
import { rowOf } from '../../schema/dialect.ts';
import { spanOf } from '../../query/message-pages.ts';
import { isBreaking } from '../../schema/migration-source.ts';
import { APPLICATION_ID, schemaStatus } from '../../schema/migrator.ts';
import { openSqlite } from '../database.ts';
import { sqliteDialect } from '../dialect.ts';

/** The steps of an examination, in order. */
export const STEPS = 3;

/**
 * Reads all of a database that nobody writes to. Rejects with UnusableBackup when it is damaged, none of ours, or when a
 * newer version changed what this one needs. Stops its thread for minutes when there are millions of messages.
 */
export async function examineFile(file: string, onStep: (done: number) => void): Promise<BackupContent> {
  const db = openSqlite({ file, readOnly: true });
  try {
    await requireWholeAndOurs(db);
    onStep(1);
    const { unknown, pending } = await schemaStatus(db);
    // The file is taken as it is: with what a newer version has only added to it, too.
    refuseNewerSchema(unknown.filter(isBreaking), []);
    const { rows } = await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages');
    const span: { first: Timestamp | null; last: Timestamp | null } = (await spanOf(db)) ?? { first: null, last: null };
    onStep(2);
    const wrong = pending.length > 0 ? null : await wrongCounters(db, sqliteDialect);
    onStep(STEPS);
    return { rows: Number(rows), ...span, wrongCounters: wrong };
  } finally {
    await db.destroy();
  }
}

async function requireWholeAndOurs(db: Knex): Promise<void> {
  const [header] = await db.raw<{ application_id: bigint }[]>('pragma application_id').catch(refuse);
  if (Number(header?.application_id) !== APPLICATION_ID) {
    throw new UnusableBackup('it is not a database of this service');
  }
  const [found] = await db.raw<{ integrity_check: string }[]>('pragma integrity_check(1)').catch(refuse);
  if (found?.integrity_check !== 'ok')
    throw new UnusableBackup(`it is damaged: ${found?.integrity_check ?? 'unknown'}`);
}

function refuse(error: unknown): never {
  const { code } = error as { code?: unknown };
  if (code === 'SQLITE_NOTADB') throw new UnusableBackup('it is not an SQLite database', { cause: error });
  if (code === 'SQLITE_CORRUPT') throw new UnusableBackup('it is damaged', { cause: error });
  throw error;
}
