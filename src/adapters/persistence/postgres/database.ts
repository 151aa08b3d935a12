import knex, { type Knex } from 'knex';
import pg from 'pg';

const { INT8 } = pg.types.builtins;
/** How long to wait for the network before a server counts as unavailable. */
const CONNECT_TIMEOUT_MS = 5_000;
/** SQLSTATE of a lock that timed out. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** Knex would print errors with which it also rejects. */
const SILENT = { error: () => undefined, warn: () => undefined, deprecate: () => undefined, debug: () => undefined };

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with `sslmode` and the driver's other options as a query. */
  readonly url: string;
  /** Maximum of connections. */
  readonly poolSize: number;
  /** The server cancels a statement that takes longer; 0 disables this. */
  readonly statementTimeoutMs: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
}

/**
 * Opens a pool of connections to a PostgreSQL database. A commit is on the server's disk when it returns, whatever the server's
 * default is, and on those of synchronous standbys
 * (https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT).
 */
export function openPostgres({ url, poolSize, statementTimeoutMs, acquireTimeoutMs }: PostgresOptions): Knex {
  const connections = new Map<string, PooledClient>();
  const db = knex({
    client: 'pg',
    connection: {
      connectionString: url,
      application_name: 'webhook-inbox',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      keepAlive: true,
      // If the server does not answer at all, the driver gives up some time after the server should have done so.
      ...(statementTimeoutMs > 0 && {
        statement_timeout: statementTimeoutMs,
        query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS,
      }),
      types: { getTypeParser },
    } as Knex.PgConnectionConfig,
    // Otherwise error texts contain the bound values, and the log would contain messages and phone numbers.
    compileSqlOnError: false,
    log: SILENT,
    // min 0: after a restart of the server, no dead connection is left in the pool.
    pool: {
      min: 0,
      max: poolSize,
      afterCreate(client: PooledClient, done: (error: unknown, client: PooledClient) => void) {
        connections.set(client.__knexUid, client);
        client.once('end', () => connections.delete(client.__knexUid));
        // As a statement, because `options` in the URL would override the `options` of the connection.
        client.query('set synchronous_commit = on').then(
          () => {
            done(null, client);
          },
          (error: unknown) => {
            client.connection.stream.destroy();
            done(error, client);
          },
        );
      },
    },
    acquireConnectionTimeout: acquireTimeoutMs,
  });
  db.on('query-error', (error: Error, { __knexUid: uid }: { __knexUid: string }) => {
    const client = connections.get(uid);
    if (client !== undefined) dropWhenSilent(client, error);
  });
  return db;
}

/** The driver's client, with the id that Knex assigns, and the reason why the pool must not reuse it. */
type PooledClient = pg.Client & { readonly __knexUid: string; __knex__disposed?: unknown };

/**
 * Closes a connection whose query timed out in the driver, because the pool would reuse it with that query still ahead of all
 * others. The pool then opens a new one.
 */
export function dropWhenSilent(client: pg.Client, error: unknown): void {
  // Knex puts the statement before the driver's message.
  if (error instanceof Error && error.message.endsWith('Query read timeout')) {
    // Mark it now: the stream's end event comes later, and a caller may be waiting for a connection.
    (client as PooledClient).__knex__disposed = error;
    client.connection.stream.destroy();
  }
}

/** Returns counts and instants as bigint, as the SQLite driver does. The driver's own default is a string. */
function getTypeParser(oid: typeof INT8, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 && format !== 'binary') return BigInt;
  return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
}

/** A write that changes nothing; unlike SQLite, the server writes the row again. A locked row counts as a success. */
export async function tryWrite(db: Knex): Promise<void> {
  try {
    await db.transaction(async (transaction) => {
      await transaction.raw("set local lock_timeout = '1s'");
      await transaction('message_totals').update({ messages: transaction.ref('messages') });
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
  }
}

/** Lends out the driver's own client, because Knex does not support prepared statements. Knex opened it and keeps it. */
export async function withConnection<T>(db: Knex, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const knexClient = db.client as Knex.Client;
  const client = (await knexClient.acquireConnection()) as pg.Client;
  try {
    return await work(client);
  } catch (error) {
    dropWhenSilent(client, error);
    throw error;
  } finally {
    await knexClient.releaseConnection(client);
  }
}
