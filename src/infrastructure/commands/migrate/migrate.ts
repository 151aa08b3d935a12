import type { Knex } from 'knex';
import { migrateLatest, migrateRollback, schemaStatus } from '../../../adapters/persistence/migrator.ts';
import { EXIT_FAULT, say } from '../../command.ts';
import { loadEnvFile, readConfig } from '../../config.ts';
import { openForMaintenance } from '../../database.ts';

export function latest(): Promise<number> {
  return withDatabase(async (db) => {
    const applied = await migrateLatest(db);
    say(applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`));
    return 0;
  });
}

export function rollback(): Promise<number> {
  return withDatabase(async (db) => {
    const reverted = await migrateRollback(db);
    say(reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`));
    return 0;
  });
}

export function status(json: boolean): Promise<number> {
  return withDatabase(async (db) => {
    const { applied, pending, unknown } = await schemaStatus(db);
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

async function withDatabase(work: (db: Knex) => Promise<number>): Promise<number> {
  loadEnvFile();
  const { db } = await openForMaintenance(readConfig());
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}
