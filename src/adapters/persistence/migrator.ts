import type { Knex } from 'knex';
import { migrationNames, migrationSource } from './migration-source.ts';

const TABLE = 'knex_migrations';
const config: Knex.MigratorConfig = { migrationSource, tableName: TABLE };
/** `WHIN`: marks the file as ours for file(1). */
const APPLICATION_ID = 0x5748494e;

/**
 * Brings the schema up to this version. Gives the names of what was applied, none when it was up to date.
 *
 * Safe when several processes start at once: everything happens in one transaction that takes the write lock with its
 * first statement, so one process migrates and the others wait for it and then find nothing to do. A process that dies
 * half-way leaves the schema as it was.
 */
export async function migrateLatest(db: Knex): Promise<string[]> {
  return exclusively(db, async (transaction) => {
    const [, applied] = (await transaction.migrate.latest(config)) as [number, string[]];
    return applied;
  });
}

/** Takes back what the last migrateLatest applied. Gives the names, none when there was nothing. */
export async function migrateRollback(db: Knex): Promise<string[]> {
  return exclusively(db, async (transaction) => {
    const [, reverted] = (await transaction.migrate.rollback(config)) as [number, string[]];
    return reverted;
  });
}

export interface SchemaStatus {
  readonly applied: readonly string[];
  /** Known to this version and not applied. */
  readonly pending: readonly string[];
  /** Applied by a newer version and not known to this one. */
  readonly unknown: readonly string[];
}

/** Reads only; a database without any table has everything pending. Rejects when the database cannot be read. */
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

async function exclusively<T>(db: Knex, work: (transaction: Knex.Transaction) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.raw(`pragma application_id = ${String(APPLICATION_ID)}`); // a write: takes the lock
    return work(transaction);
  });
}
