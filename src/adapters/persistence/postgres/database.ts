import knex, { type Knex } from 'knex';
import pg from 'pg';
import { useOneSchema } from './connection/one-schema.ts';
import { requireOwnSession } from './connection/own-session.ts';
import { driverSettings } from './connection/settings.ts';

const { INT8 } = pg.types.builtins;
/** How long to wait for the network before a server counts as unavailable. */
const CONNECT_TIMEOUT_MS = 5_000;
/** SQLSTATE of a lock that timed out. */
export const LOCK_NOT_AVAILABLE = '55P03';

/** Knex would print errors with which it also rejects. */
const SILENT = { error: () => undefined, warn: () => undefined, deprecate: () => undefined, debug: () => undefined };

/** Without it, a session is of no use: a 200 promises that the message is on the disk. */
const DURABLE = { synchronous_commit: 'on' };
/**
 * How the server notices within about 11 s that the host of an idle session is gone, and sooner if it was answering it
 * (https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS). The operating system's own
 * defaults take hours. The server checks during a long statement, too, whether its client has closed the connection.
 */
const PRESENCE = {
  tcp_keepalives_idle: '5s',
  tcp_keepalives_interval: '2s',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '10s',
  client_connection_check_interval: '2s',
};

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`; see connection/settings.ts for its parameters. */
  readonly url: string;
  /** Maximum of connections. */
  readonly poolSize: number;
  /** The server cancels a statement that takes longer; 0 disables this. */
  readonly statementTimeoutMs: number;
  /** The server cancels a statement that waits longer for a lock; 0 disables this. */
  readonly lockTimeoutMs?: number;
  /**
   * The server closes a session that leaves a transaction idle for longer: its process or host has stopped, and nobody else gets
   * the locks of that transaction.
   */
  readonly idleInTransactionMs: number;
  /** How long a caller waits for a free connection. */
  readonly acquireTimeoutMs: number;
}

/**
 * Opens a pool of connections to a PostgreSQL database. A commit is on the server's disk when it returns, whatever the server's
 * default is, and on those of synchronous standbys
 * (https://www.postgresql.org/docs/current/runtime-config-wal.html#GUC-SYNCHRONOUS-COMMIT).
 */
export function openPostgres(options: PostgresOptions): Knex {
  const { poolSize, acquireTimeoutMs } = options;
  const connections = new Map<string, PooledClient>();
  const db = knex({
    client: 'pg',
    connection: () => connectionSettings(options),
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
        prepareSession(client, options).then(
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

/** Without statement_timeout, which poolers refuse as a parameter of the start: setUpSession sets it. */
function connectionSettings({ url, statementTimeoutMs }: PostgresOptions): Knex.PgConnectionConfig {
  return Object.assign(driverSettings(url), {
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: CONNECT_TIMEOUT_MS,
    // If the server does not answer at all, the driver gives up some time after the server should have done so.
    ...(statementTimeoutMs > 0 && { query_timeout: statementTimeoutMs + CONNECT_TIMEOUT_MS }),
    types: { getTypeParser },
  }) as Knex.PgConnectionConfig;
}

async function prepareSession(client: pg.Client, options: PostgresOptions): Promise<void> {
  await requireOwnSession(client, connectionSettings(options) as pg.ClientConfig);
  await setUpSession(client, options);
  await useOneSchema(client);
}

/**
 * Sets the session's parameters in one statement: as parameters of the connection, those of the URL would override them. A server
 * of another version or system may not know or not accept some of them; the session then works without these.
 */
async function setUpSession(client: pg.Client, options: PostgresOptions): Promise<void> {
  const { statementTimeoutMs, lockTimeoutMs = 0, idleInTransactionMs } = options;
  const bounds = {
    ...PRESENCE,
    idle_in_transaction_session_timeout: String(idleInTransactionMs),
    ...(statementTimeoutMs > 0 && { statement_timeout: String(statementTimeoutMs) }),
    ...(lockTimeoutMs > 0 && { lock_timeout: String(lockTimeoutMs) }),
  };
  try {
    await setParameters(client, { ...DURABLE, ...bounds });
  } catch (error) {
    if (!isRefused(error)) throw error;
    await setParameters(client, DURABLE);
    for (const [name, value] of Object.entries(bounds)) {
      await setParameters(client, { [name]: value }).catch((refusal: unknown) => {
        if (!isRefused(refusal)) throw refusal;
      });
    }
  }
}

/** Sets those that the server knows, and always DURABLE. Rejects without any change if it does not accept one of them. */
async function setParameters(client: pg.Client, parameters: Readonly<Record<string, string>>): Promise<void> {
  await client.query(
    `select set_config(name, value, false) from unnest($1::text[], $2::text[]) as wanted (name, value)
     where name = any ($3) or current_setting(name, true) is not null`,
    [Object.keys(parameters), Object.values(parameters), Object.keys(DURABLE)],
  );
}

/** Whether the server does not accept a parameter. After other errors, the session is of no use. */
function isRefused(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(0A|22|42|55)/.test(error.code ?? '');
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
