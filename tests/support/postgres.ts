import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { migrateLatest } from '../../src/adapters/persistence/schema/migrator.ts';
import { openPostgres } from '../../src/adapters/persistence/postgres/database.ts';
import { queryPostgres } from './postgres-query.ts';

export interface PostgresDatabase {
  readonly url: string;
  /** Drops the database, even with open connections. */
  readonly close: () => Promise<void>;
}

/** Creates an empty database on the server of this run, or on that of TEST_POSTGRES_URL. */
export async function newPostgresDatabase(template = 'template0'): Promise<PostgresDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await queryPostgres(serverUrl(), `create database ${name} template ${template}`);
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return {
    url: url.href,
    async close() {
      await queryPostgres(serverUrl(), `drop database if exists ${name} with (force)`);
    },
  };
}

/** Creates a database with the latest schema from a template, which is faster than migrating again. */
export async function migratedPostgresDatabase(): Promise<PostgresDatabase> {
  migrated ??= migrateTemplate();
  return newPostgresDatabase(await migrated);
}

/** The same, opened. `close` closes the connections and drops it. */
export async function openTestPostgres(): Promise<{ db: Knex; url: string; close: () => Promise<void> }> {
  const database = await migratedPostgresDatabase();
  const db = openTestPool(database.url);
  return {
    db,
    url: database.url,
    async close() {
      await db.destroy();
      await database.close();
    },
  };
}

export function openTestPool(url: string): Knex {
  return openPostgres({
    ...{ url, poolSize: 5, statementTimeoutMs: 60_000, idleInTransactionMs: 60_000, acquireTimeoutMs: 60_000 },
  });
}

/** Empties a database, which is faster than creating a new one. */
export async function emptyTables(db: Knex): Promise<void> {
  await db.raw(`
    delete from messages; delete from uncounted; delete from sender_counts; delete from period_counts;
    delete from payloads; delete from message_statuses;
    update message_totals set messages = 0, senders = 0`);
}

let migrated: Promise<string> | undefined;

async function migrateTemplate(): Promise<string> {
  const { url } = await newPostgresDatabase(); // dropped with the server of this run; it stays on the server of TEST_POSTGRES_URL
  const db = openTestPool(url);
  await migrateLatest(db);
  await db.destroy();
  return new URL(url).pathname.slice(1);
}

function serverUrl(): string {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined || url === 'off')
    throw new Error('this test needs PostgreSQL: do not set TEST_POSTGRES_URL to off');
  return url;
}
