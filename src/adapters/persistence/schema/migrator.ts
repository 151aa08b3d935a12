import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import type pg from 'pg';
import type { SchemaStatus } from '../../../application/ports/maintenance.ts';
import type { StoreHealth } from '../../../application/ports/store.ts';
import { isPostgres } from './dialect.ts';
import { isBreaking, migrationNames, migrationSource } from './migration-source.ts';

const TABLE = 'knex_migrations';
const config: Knex.MigratorConfig = { migrationSource, tableName: TABLE };
/** `WHIN`: marks the file as ours for file(1). */
export const APPLICATION_ID = 0x5748494e;
/** Advisory locks are numbers that all programs of a database share: the same mark, and one for each purpose. */
const LOCK = [APPLICATION_ID, 0];
const LOCK_RETRY_MS = 100;

/**
 * Brings the schema up to this version. Gives the names of what was applied, none when it was up to date, or when a newer
 * version has been there and has only added to it.
 *
 * Safe when several processes start at once: one migrates, the others wait for it and then find nothing to do. On SQLite
 * everything happens in one transaction that takes the write lock with its first statement: a process that dies half-way
 * leaves the schema as it was. On PostgreSQL under an advisory lock, each migration by itself: the next process goes on.
 */
export async function migrateLatest(db: Knex): Promise<string[]> {
  return exclusively(db, async (transaction) => {
    const { pending, unknown } = await schemaStatus(transaction);
    if (pending.length === 0 && !unknown.some(isBreaking)) return [];
    const [, applied] = (await transaction.migrate.latest(config)) as [number, string[]];
    return applied;
  });
}

/**
 * Takes back what the last migrateLatest applied. Gives the names, none when there was nothing. Rejects, and changes nothing,
 * when the table of the messages is among it and holds some: a database that was made by one migrateLatest goes back to nothing.
 */
export async function migrateRollback(db: Knex): Promise<string[]> {
  return exclusively(db, async (transaction) => {
    await keepMessages(transaction);
    const [, reverted] = (await transaction.migrate.rollback(config)) as [number, string[]];
    return reverted;
  });
}

async function keepMessages(db: Knex): Promise<void> {
  const [first] = await migrationNames();
  if (first === undefined || !(await db.schema.hasTable(TABLE))) return;
  const latest = db(TABLE).max('batch');
  const batch = await db<{ name: string }>(TABLE).select('name').where('batch', latest);
  if (!batch.some(({ name }) => name === first)) return;
  if ((await db('messages').select(db.raw('1')).limit(1)).length === 0) return;
  throw new Error(
    'the last "migrate latest" made the database from nothing, and taking it back would drop the messages: delete the database instead, if that is meant',
  );
}

/**
 * Whether the database answers and has a schema that this version can work with: its own, or one that a newer version has
 * only added to, as it does while replicas are replaced one by one. Never rejects.
 */
export async function schemaHealth(db: Knex): Promise<StoreHealth> {
  try {
    const { pending, unknown } = await schemaStatus(db);
    return { database: 'ok', schema: unknown.some(isBreaking) ? 'unknown' : pending.length > 0 ? 'outdated' : 'ok' };
  } catch {
    return { database: 'unreachable', schema: 'unknown' };
  }
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

async function exclusively<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  return isPostgres(db) ? withAdvisoryLock(db, work) : withWriteLock(db, work);
}

async function withWriteLock<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.raw(`pragma application_id = ${String(APPLICATION_ID)}`); // a write: takes the lock
    return work(transaction);
  });
}

/**
 * The lock belongs to a session that does nothing else, so that each migration has a transaction of its own or none, as
 * building an index concurrently demands. It is asked for again and again, not waited for: who waits in the server has a
 * snapshot, and an index that is built concurrently waits for all snapshots to end.
 */
async function withAdvisoryLock<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  const client = db.client as Knex.Client;
  const session = (await client.acquireConnection()) as pg.Client;
  try {
    for (;;) {
      const { rows } = await session.query<{ locked: boolean }>('select pg_try_advisory_lock($1, $2) as locked', LOCK);
      if (rows[0]?.locked === true) break;
      await delay(LOCK_RETRY_MS);
    }
    try {
      // Knex's own lock is a row: a process that died left it behind, and none but the holder of ours can have set it.
      if (await db.schema.hasTable(`${TABLE}_lock`)) await db.migrate.forceFreeMigrationsLock(config);
      return await work(db);
    } finally {
      await session.query('select pg_advisory_unlock($1, $2)', LOCK);
    }
  } finally {
    await client.releaseConnection(session);
  }
}
