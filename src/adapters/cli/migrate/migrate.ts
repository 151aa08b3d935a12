import type { Knex } from 'knex';
import { migrationNames } from '../../persistence/schema/migration-source.ts';
import { migrateLatest, migrateRollback, schemaStatus } from '../../persistence/schema/migrator.ts';
import { EXIT_FAULT, jsonLine, say } from '../run-command.ts';
import { loadEnvFile, readConfig, type Config } from '../../../infrastructure/config/config.ts';
import { missingFile, openForMaintenance, requireDatabase } from '../../../infrastructure/database.ts';

export async function latest(): Promise<number> {
  const applied = await withDatabase(configuration(), migrateLatest);
  say(applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`));
  return 0;
}

export async function rollback(): Promise<number> {
  const config = configuration();
  requireDatabase(config.database);
  const reverted = await withDatabase(config, migrateRollback);
  say(reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`));
  return 0;
}

export async function status(json: boolean): Promise<number> {
  const config = configuration();
  // A look leaves nothing behind.
  const { applied, pending, unknown } =
    missingFile(config.database) === null
      ? await withDatabase(config, schemaStatus)
      : { applied: [], pending: await migrationNames(), unknown: [] };
  if (json) {
    say([jsonLine({ applied, pending, unknown })]);
  } else {
    say(applied.filter((name) => !unknown.includes(name)).map((name) => `applied  ${name}`));
    say(pending.map((name) => `pending  ${name}`));
    say(unknown.map((name) => `unknown  ${name} (applied by a newer version)`));
  }
  return pending.length + unknown.length === 0 ? 0 : EXIT_FAULT;
}

function configuration(): Config {
  loadEnvFile();
  return readConfig();
}

async function withDatabase<T>(config: Config, work: (db: Knex) => Promise<T>): Promise<T> {
  const { db } = await openForMaintenance(config);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
