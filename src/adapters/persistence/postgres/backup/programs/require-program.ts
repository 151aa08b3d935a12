import type { Knex } from 'knex';
import { rowOf } from '../../../schema/dialect.ts';
import { majorVersionOf, ProgramMissing, type Program } from './run-program.ts';

/** Rejects if the program is missing or older than the server, and says what to install. */
export async function requireProgram(
  program: Program,
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
