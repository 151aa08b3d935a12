import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Knex } from 'knex';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { refuseNewerSchema } from '../../maintenance/backup-content.ts';
import { rebuildCounters, wrongCounters } from '../../counters/counter-check.ts';
import { rowOf } from '../../schema/dialect.ts';
import { spanOf } from '../../query/message-pages.ts';
import { migrationNames } from '../../schema/migration-source.ts';
import { migrateLatest, schemaStatus } from '../../schema/migrator.ts';
import { createSearchIndex } from '../search/reindex.ts';
import { requireTrigrams } from '../../schema/trigram-operators.ts';
import { renewEpoch } from '../../feed/stream-epoch.ts';
import { postgresDialect } from '../dialect.ts';
import { schemaOf, type PostgresPlace } from './backup.ts';
import { readArchive, type ArchiveContent } from './examine.ts';
import { withConnectionOf } from './programs/libpq-environment.ts';
import { requireProgram } from './programs/require-program.ts';
import { runProgram } from './programs/run-program.ts';

export interface RestoreOptions extends Work {
  /** Restores even if the database contains messages, and deletes those. */
  readonly replace: boolean;
}

export interface RestoredArchive extends BackupContent {
  readonly migrated: readonly string[];
  /** Counter tables that were wrong and are fixed now. */
  readonly wrongCounters: readonly string[];
}

/**
 * Restores an archive of backUpPostgres in one transaction of pg_restore, then migrates it and fixes its counters. Rejects with
 * UnusableBackup before any change if the archive cannot be read or a newer version made it.
 */
export async function restorePostgres(
  { db, url, environment }: PostgresPlace,
  file: string,
  { replace, ...options }: RestoreOptions,
): Promise<RestoredArchive> {
  return withConnectionOf(url, environment, async (env) => {
    await requireProgram('pg_restore', db, env, options.signal);
    const archive = await readArchive(file, null, options, env);
    refuseNewerSchema(archive.migrations, await migrationNames());
    await requireSameSchema(db, archive);
    await requireFreePlace(db, archive, replace);
    options.onProgress('restoring', 0, null);
    const { searchIndex } = await restoreArchive(file, options, env);
    options.onProgress('restoring', archive.rows, archive.rows);
    return finish(db, { ...archive, searchIndex }, options);
  });
}

/** pg_restore cannot rename a schema. */
async function requireSameSchema(db: Knex, archive: ArchiveContent): Promise<void> {
  const schema = await schemaOf(db);
  if (schema === archive.schema) return;
  throw new Error(
    `the backup is of the schema "${archive.schema}", and search_path leads to "${schema}": use the same name, or "export" and "import"`,
  );
}

async function requireFreePlace(db: Knex, archive: ArchiveContent, replace: boolean): Promise<void> {
  const { connected } = await rowOf<{ connected: bigint }>(
    db,
    `select count(*) as connected from pg_stat_activity
     where datname = current_database() and application_name in ('webhook-inbox', current_setting('application_name')) and pid <> pg_backend_pid()`,
  );
  if (Number(connected) > 0) throw new Error('a service is connected to the database: stop all of them first');
  if (!replace && (await db.schema.hasTable('messages')) && (await spanOf(db)) !== null) {
    throw new Error('the database holds messages: name an empty one, or use --force, which deletes them');
  }
  const { applied } = await schemaStatus(db);
  const newer = applied.filter((name) => !archive.migrations.includes(name));
  if (newer.length > 0) {
    throw new Error(
      `the database has a newer schema than the backup (${newer.join(', ')}): restore into an empty database`,
    );
  }
}

/** Restores everything or nothing. It does not replace the extension, because that often belongs to another role. */
async function restoreArchive(
  file: string,
  { signal }: Work,
  environment: Readonly<Record<string, string>>,
): Promise<{ readonly searchIndex: boolean }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'webhook-inbox-restore-'));
  try {
    let list = '';
    const reading = async (stdout: NodeJS.ReadableStream) => (list = await text(stdout));
    await runProgram('pg_restore', ['--list', file], { environment, signal, reading });
    const listed = path.join(folder, 'list');
    await writeFile(listed, list.replace(LEFT_OUT, ';$&'));
    const how = ['--clean', '--if-exists', '--single-transaction', '--no-owner', '--no-privileges', '--no-comments'];
    // Without a name, pg_restore would write a script. This form does not replace the name of the environment.
    await runProgram('pg_restore', [...how, `--use-list=${listed}`, '--dbname=application_name=restore', file], {
      environment,
      signal,
    });
    return { searchIndex: SEARCH_INDEX.test(list) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The indexes that finish creates, and extensions and the schema itself, which may belong to others. */
const LEFT_OUT = /^\d.* ((EXTENSION|SCHEMA) - .*|INDEX .+ messages_by_(arrival|trigram) .*)$/gm;

const SEARCH_INDEX = /^\d.* INDEX .+ messages_by_trigram /m;

async function finish(
  db: Knex,
  archive: ArchiveContent & { readonly searchIndex: boolean },
  { onProgress }: Work,
): Promise<RestoredArchive> {
  // The signal is ignored from here on, because the old content is gone already.
  await resetArrivals(db);
  // The extension of this database may be in another schema than that of the backup.
  if (archive.searchIndex) {
    await requireTrigrams(db);
    await createSearchIndex(db);
  }
  const migrated = await migrateLatest(db);
  await db.transaction((transaction) => renewEpoch(transaction, postgresDialect));
  await db.raw('analyze');
  onProgress('checking', 0, null);
  const wrong = await wrongCounters(db, postgresDialect);
  if (wrong.length > 0) await rebuildCounters(db, postgresDialect);
  const { rows } = await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages');
  if (Number(rows) !== archive.rows) {
    throw new UnusableBackup(`it holds ${String(archive.rows)} messages, and ${String(rows)} were restored`);
  }
  const { first, last } = archive;
  return { rows: archive.rows, first, last, migrated, wrongCounters: wrong };
}

/**
 * Clears the transaction numbers of the old server, which may lie in the future of this one. It recreates the column, because that
 * rewrites no row. The default is set afterwards, or it would fill all rows.
 */
async function resetArrivals(db: Knex): Promise<void> {
  if (!(await db.schema.hasColumn('messages', 'arrived'))) return;
  await db.transaction(async (transaction) => {
    await transaction.raw('alter table messages drop column arrived');
    await transaction.raw('alter table messages add column arrived xid8');
    await transaction.raw('alter table messages alter column arrived set default pg_current_xact_id()');
    await transaction.raw('create index messages_by_arrival on messages (arrived) where arrived is not null');
  });
}
