import { statSync } from 'node:fs';
import type { Knex } from 'knex';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { countAll } from '../../counters/message-counters.ts';
import { rowOf } from '../../schema/dialect.ts';
import { migrationNames } from '../../schema/migration-source.ts';
import { postgresDialect } from '../dialect.ts';
import { readArchive } from './examine.ts';
import { withConnectionOf } from './programs/libpq-environment.ts';
import { requireProgram } from './programs/require-program.ts';
import { runProgram } from './programs/run-program.ts';

const POLL_MS = 500;

export interface PostgresPlace {
  readonly db: Knex;
  readonly url: string;
  /** The environment of PostgreSQL's client programs, without the address. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Lets pg_dump write one snapshot of a live database into `target`, an existing empty file, and checks the archive. No write
 * waits. It contains only the schema of the service: another one may belong to another inbox, which a restore must not touch.
 */
export async function backUpPostgres(
  { db, url, environment }: PostgresPlace,
  target: string,
  options: Work,
): Promise<BackupContent> {
  return withConnectionOf(url, environment, async (env) => {
    await requireProgram('pg_dump', db, env, options.signal);
    const expected = await countAll(db, postgresDialect).catch(() => null); // an older schema
    await showingSize(
      target,
      options,
      runProgram('pg_dump', ['--format=custom', `--schema=${patternOf(await schemaOf(db))}`, `--file=${target}`], {
        environment: env,
        signal: options.signal,
      }),
    );
    const { rows, first, last, counted, migrations } = await readArchive(target, expected, options, env);
    const newest = (await migrationNames()).every((name) => migrations.includes(name));
    if (newest && rows !== counted) {
      throw new UnusableBackup(`it holds ${String(rows)} messages, and its counters ${String(counted)}: run doctor`);
    }
    return { rows, first, last, wrongCounters: newest ? [] : null };
  });
}

/** The schema of the service's tables. */
export async function schemaOf(db: Knex): Promise<string> {
  return (await rowOf<{ name: string }>(db, 'select current_schema() as name')).name;
}

/** A pattern of psql that matches only this name. */
function patternOf(schema: string): string {
  return `"${schema.replaceAll('"', '""')}"`;
}

/** Reports the size of the growing file until the work is done. */
async function showingSize(file: string, { onProgress }: Work, work: Promise<void>): Promise<void> {
  const show = (): void => {
    onProgress('dumping', statSync(file, { throwIfNoEntry: false })?.size ?? 0, null);
  };
  show();
  const timer = setInterval(show, POLL_MS);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
}
