import { statSync } from 'node:fs';
import type { Knex } from 'knex';
import { UnusableBackup, type BackupContent } from '../../../../application/ports/backup.ts';
import type { Work } from '../../../../application/ports/maintenance.ts';
import { rowOf } from '../../schema/dialect.ts';
import { countAll } from '../../counters/message-counters.ts';
import { migrationNames } from '../../schema/migration-source.ts';
import { readArchive } from './archive.ts';
import { majorVersionOf, ProgramMissing, runProgram } from './client-programs.ts';
import { postgresDialect } from '../dialect.ts';
import { libpqEnvironment } from './libpq-environment.ts';

const LOOK_EVERY_MS = 500;

export interface PostgresPlace {
  readonly db: Knex;
  readonly url: string;
  /** What PostgreSQL's programs are to find in their environment beside the address. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Has pg_dump write one snapshot of a live database into `target`, which is there and empty, and reads the archive through.
 * No write waits.
 */
export async function backUpPostgres(
  { db, url, environment }: PostgresPlace,
  target: string,
  options: Work,
): Promise<BackupContent> {
  const env = { ...environment, ...libpqEnvironment(url) };
  await requireProgram('pg_dump', db, env, options.signal);
  const expected = await countAll(db, postgresDialect).catch(() => null); // of an older schema
  await showingSize(
    target,
    options,
    runProgram('pg_dump', ['--format=custom', `--file=${target}`], {
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
}

/** Rejects, saying what to install, when the program is missing or older than the server. */
export async function requireProgram(
  program: 'pg_dump' | 'pg_restore',
  db: Knex,
  environment: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const { version } = await rowOf<{ version: number }>(
    db,
    "select current_setting('server_version_num')::int / 10000 as version",
  );
  const install =
    `install PostgreSQL's client programs of version ${String(version)} or newer ` +
    `(Debian: postgresql-client-${String(version)}); "export" and "import" work without`;
  const found = await majorVersionOf(program, { environment, signal }).catch((error: unknown) => {
    if (error instanceof ProgramMissing) throw new Error(`${error.message}: ${install}`, { cause: error });
    throw error;
  });
  if (found < version) {
    throw new Error(`${program} ${String(found)} is older than the server, ${String(version)}: ${install}`);
  }
}

/** How large the file has become, until the work is done. */
async function showingSize(file: string, { onProgress }: Work, work: Promise<void>): Promise<void> {
  const show = (): void => {
    onProgress('dumping', statSync(file, { throwIfNoEntry: false })?.size ?? 0, null);
  };
  show();
  const timer = setInterval(show, LOOK_EVERY_MS);
  try {
    await work;
  } finally {
    clearInterval(timer);
  }
}
