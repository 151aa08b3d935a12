import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';

/** Lends out the driver's own connection, which Knex opened and keeps. */
export async function withConnection<T>(db: Knex, work: (connection: Database) => T | Promise<T>): Promise<T> {
  const client = db.client as Knex.Client;
  const connection = (await client.acquireConnection()) as Database;
  try {
    return await work(connection);
  } finally {
    await client.releaseConnection(connection);
  }
}
