import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { isPostgres } from './dialect.ts';

/** `WHIN`: identifies the file as ours for file(1). */
export const APPLICATION_ID = 0x5748494e;
/** All programs of a database share its advisory locks: the first number is ours, the second stands for the purpose. */
const LOCK = [APPLICATION_ID, 0];
const LOCK_RETRY_MS = 100;

/**
 * Runs migrations while no other process migrates this database. On SQLite `work` runs in one transaction that takes the
 * write lock with its first statement. On PostgreSQL it runs under an advisory lock.
 */
export async function exclusively<T>(
  db: Knex,
  config: Knex.MigratorConfig & { tableName: string },
  work: (db: Knex) => Promise<T>,
): Promise<T> {
  return isPostgres(db) ? withAdvisoryLock(db, config, work) : withWriteLock(db, work);
}

async function withWriteLock<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.raw(`pragma application_id = ${String(APPLICATION_ID)}`); // a write: takes the lock
    return work(transaction);
  });
}

interface Session {
  query(sql: string, values: readonly number[]): Promise<{ rows: { locked?: boolean }[] }>;
}

/**
 * Holds the lock in a session of its own, so that each migration can have its own transaction or none, which building an index
 * concurrently requires. The lock is polled: a session that waits for it in the server has a snapshot, and a concurrent index
 * build waits for all snapshots to end.
 */
async function withAdvisoryLock<T>(
  db: Knex,
  config: Knex.MigratorConfig & { tableName: string },
  work: (db: Knex) => Promise<T>,
): Promise<T> {
  const client = db.client as Knex.Client;
  const session = (await client.acquireConnection()) as Session;
  try {
    for (;;) {
      const { rows } = await session.query('select pg_try_advisory_lock($1, $2) as locked', LOCK);
      if (rows[0]?.locked === true) break;
      await delay(LOCK_RETRY_MS);
    }
    try {
      // Knex's own lock is a row that a killed process leaves behind. Only the holder of our lock can have set it.
      if (await db.schema.hasTable(`${config.tableName}_lock`)) await db.migrate.forceFreeMigrationsLock(config);
      return await work(db);
    } finally {
      await session.query('select pg_advisory_unlock($1, $2)', LOCK);
    }
  } finally {
    await client.releaseConnection(session);
  }
}
