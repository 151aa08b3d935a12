import type { Knex } from 'knex';
import type { SchemaStatus } from '../../../application/ports/maintenance.ts';
import type { StoreHealth } from '../../../application/ports/store.ts';
import { exclusively } from './migration-lock.ts';
import { isBreaking, migrationNames, migrationSource } from './migration-source.ts';

const TABLE = 'knex_migrations';
const config = { migrationSource, tableName: TABLE };

/**
 * Migrates the schema to this version and returns the names of the applied migrations. It applies nothing if the schema is up
 * to date, or if a newer version has only added to it.
 *
 * Several processes may call it at the same time: one migrates, the others wait for it and then find nothing to do. On SQLite
 * all migrations share one transaction, so a killed process leaves the schema unchanged. On PostgreSQL each migration has its
 * own transaction, and the next process resumes after the last one.
 */
export async function migrateLatest(db: Knex): Promise<string[]> {
  return exclusively(db, config, async (transaction) => {
    const { pending, unknown } = await schemaStatus(transaction);
    if (pending.length === 0 && !unknown.some(isBreaking)) return [];
    const [, applied] = (await transaction.migrate.latest(config)) as [number, string[]];
    return applied;
  });
}

/**
 * Reverts what the last migrateLatest applied, and returns the names. Rejects without any change if that would drop stored
 * messages.
 */
export async function migrateRollback(db: Knex): Promise<string[]> {
  return exclusively(db, config, async (transaction) => {
    await requireMessagesStay(transaction);
    const [, reverted] = (await transaction.migrate.rollback(config)) as [number, string[]];
    return reverted;
  });
}

async function requireMessagesStay(db: Knex): Promise<void> {
  const [first] = await migrationNames();
  if (first === undefined || !(await db.schema.hasTable(TABLE))) return;
  const latest = db(TABLE).max('batch');
  const batch = await db<{ name: string }>(TABLE).select('name').where('batch', latest);
  if (!batch.some(({ name }) => name === first)) return;
  if ((await db('messages').select(db.raw('1')).limit(1)).length === 0) return;
  throw new Error(
    'the last "migrate latest" created this database, so a rollback would drop the messages: to do that, delete the database instead',
  );
}

/**
 * Checks whether the database answers and has a schema that this version can work with: its own, or one to which a newer
 * version has only added, as during a rolling upgrade. Never rejects.
 */
export async function schemaHealth(db: Knex): Promise<StoreHealth> {
  try {
    const { pending, unknown } = await schemaStatus(db);
    return { database: 'ok', schema: unknown.some(isBreaking) ? 'unknown' : pending.length > 0 ? 'outdated' : 'ok' };
  } catch {
    return { database: 'unreachable', schema: 'unknown' };
  }
}

/** Reads the state of the schema; in a database without tables everything is pending. Rejects if it cannot be read. */
export async function schemaStatus(db: Knex): Promise<SchemaStatus> {
  const known = await migrationNames();
  const applied = (await db.schema.hasTable(TABLE)) ? await appliedNames(db) : [];
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  };
}

async function appliedNames(db: Knex): Promise<string[]> {
  const rows = await db<{ name: string }>(TABLE).select('name').orderBy('name');
  return rows.map(({ name }) => name);
}
