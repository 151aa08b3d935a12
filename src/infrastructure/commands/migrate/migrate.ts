import { existsSync } from 'node:fs';
import type { Knex } from 'knex';
import { migrationNames } from '../../../adapters/persistence/migration-source.ts';
import {
  migrateLatest,
  migrateRollback,
  schemaStatus,
  type SchemaStatus,
} from '../../../adapters/persistence/migrator.ts';
import { EXIT_FAULT, say } from '../../command.ts';
import { loadEnvFile, readConfig, type Config } from '../../config.ts';
import { openForMaintenance } from '../../database.ts';

export async function latest(): Promise<number> {
  return withDatabase(configured(), async (db) => {
    const applied = await migrateLatest(db);
    say(applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`));
    return 0;
  });
}

export function rollback(): Promise<number> {
  return withExisting(async (db) => {
    const reverted = db === null ? [] : await migrateRollback(db);
    say(reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`));
    return 0;
  });
}

export function status(json: boolean): Promise<number> {
  return withExisting(async (db) => {
    const { applied, pending, unknown } = db === null ? await nothingApplied() : await schemaStatus(db);
    if (json) {
      say([JSON.stringify({ applied, pending, unknown })]);
    } else {
      say(applied.filter((name) => !unknown.includes(name)).map((name) => `applied  ${name}`));
      say(pending.map((name) => `pending  ${name}`));
      say(unknown.map((name) => `unknown  ${name} (applied by a newer version)`));
    }
    return pending.length + unknown.length === 0 ? 0 : EXIT_FAULT;
  });
}

async function nothingApplied(): Promise<SchemaStatus> {
  return { applied: [], pending: await migrationNames(), unknown: [] };
}

/** Null where an SQLite file is not there: opening would make it, and with a mistake in the path in the wrong place. */
async function withExisting(work: (db: Knex | null) => Promise<number>): Promise<number> {
  const config = configured();
  const { database } = config;
  return database.engine === 'sqlite' && !existsSync(database.file) ? work(null) : withDatabase(config, work);
}

async function withDatabase(config: Config, work: (db: Knex) => Promise<number>): Promise<number> {
  const { db } = await openForMaintenance(config);
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

function configured(): Config {
  loadEnvFile();
  return readConfig();
}
