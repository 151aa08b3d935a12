import knex, { type Knex } from 'knex';
import pg from 'pg';

const { INT8 } = pg.types.builtins;
/** How long to wait for the network before a server counts as away. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Knex would write to the console what it also rejects with. */
const SILENT = { error: () => undefined, warn: () => undefined, deprecate: () => undefined, debug: () => undefined };

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`, with `sslmode` and whatever else the driver takes as a query. */
  readonly url: string;
  /** Connections at most. */
  readonly poolSize: number;
  /** A statement that takes longer is ended by the server; 0: none is. */
  readonly statementTimeoutMs: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
}

/**
 * Connections to a PostgreSQL database. A commit that returned is on the server's disk, whatever the server's own default
 * (https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT); where there are synchronous
 * standbys, on theirs too.
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
      // A server that no longer answers at all, a cut network: the driver gives up some time after the server should have.
      ...(statementTimeoutMs > 0 && {
        statement_timeout: statementTimeoutMs,
        query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS,
      }),
      types: { getTypeParser },
    } as Knex.PgConnectionConfig,
    // An error's text would otherwise hold the values of the statement: messages and phone numbers in the log.
    compileSqlOnError: false,
    log: SILENT,
    // min 0: a server that restarts leaves no dead connection behind that somebody must find out about.
    pool: {
      min: 0,
      max: poolSize,
      afterCreate(client: PooledClient, done: (error: unknown, client: PooledClient) => void) {
        connections.set(client.__knexUid, client);
        client.once('end', () => connections.delete(client.__knexUid));
        // Not by the `options` of the connection: those of the address would take their place.
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

/** The driver's client, with the name that Knex gives it, and why it is not to be lent out again. */
type PooledClient = pg.Client & { readonly __knexUid: string; __knex__disposed?: unknown };

/**
 * Ends a connection whose query the driver has given up waiting for. It would go back into the pool with that query still
 * before all others; the pool makes a new one when it finds this one gone.
 */
export function dropWhenSilent(client: pg.Client, error: unknown): void {
  // Knex puts the statement before what the driver says.
  if (error instanceof Error && error.message.endsWith('Query read timeout')) {
    (client as PooledClient).__knex__disposed = error; // now: the end of the stream is told later, and somebody may be waiting
    client.connection.stream.destroy();
  }
}

/** Counts and instants as bigint, as the SQLite driver gives them; the driver's own default is a string. */
function getTypeParser(oid: typeof INT8, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8 && format !== 'binary') return BigInt;
  return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
}
