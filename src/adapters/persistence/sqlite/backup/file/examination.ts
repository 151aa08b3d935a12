import type { Knex } from 'knex';
import type { Timestamp } from '../../../../../domain/timestamp.ts';
import { UnusableBackup, type BackupContent } from '../../../../../application/ports/backup.ts';
import { refuseNewerSchema } from '../../../maintenance/backup-content.ts';
import { wrongCounters } from '../../../counters/counter-check.ts';
import { rowOf } from '../../../schema/dialect.ts';
import { spanOf } from '../../../query/message-pages.ts';
import { isBreaking } from '../../../schema/migration-source.ts';
import { APPLICATION_ID } from '../../../schema/migration-lock.ts';
import { schemaStatus } from '../../../schema/migrator.ts';
import { openSqlite } from '../../database.ts';
import { sqliteDialect } from '../../dialect.ts';

/** The number of steps of an examination. */
export const STEPS = 3;

/**
 * Checks the whole of a database to which nobody writes. Rejects with UnusableBackup if it is damaged, does not belong to this
 * service, or has a breaking migration of a newer version. Blocks its thread for minutes if there are millions of messages.
 */
export async function examineFile(file: string, onStep: (done: number) => void): Promise<BackupContent> {
  const db = openSqlite({ file, readOnly: true });
  try {
    await requireWholeAndOurs(db);
    onStep(1);
    const { unknown, pending } = await schemaStatus(db);
    // A file is restored unchanged, so additions of a newer version are acceptable.
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
