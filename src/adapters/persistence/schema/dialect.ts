import type { Knex } from 'knex';

/** The SQL in which the two databases differ. Everything else is written once, in SQL that both accept. */
export interface Dialect {
  /** A table expression `backlog (from_msisdn, sent_at)`: the messages that the counters do not include yet. */
  readonly uncountedBacklog: string;
  /** Statements that empty the uncounted backlog, before all messages are counted again. */
  readonly forgetBacklog: readonly string[];
  /** Statements that remove stream positions which this server would assign again to later messages. */
  readonly forgetFuturePositions: readonly string[];
  /**
   * A condition on `messages` that is true of every row, and ends a scan that was given up. It must come first in a `where`. null if
   * the server ends such a statement itself.
   */
  readonly readOn: string | null;
  /** How to find the messages whose text contains the needle. Call it in the snapshot that is then searched. */
  textSearch(db: Knex, needle: string): Promise<TextSearch>;
}

/** How to find the messages whose text contains a needle. Both ways find the same messages. */
export type TextSearch =
  /** Through a search index. `hits` is a subquery of their `seq`; `total` is their number. */
  | { readonly by: 'index'; readonly hits: Knex.Raw; readonly total: number }
  /** By a condition on each message. `count` counts all matches at a lower cost; null if there is no such way, or it fails. */
  | { readonly by: 'condition'; readonly condition: Knex.Raw; readonly count: (() => Promise<number | null>) | null };

/** The differences that only erasing needs. */
export interface ErasingDialect {
  /** Runs `work` in a transaction during which nobody else erases or counts. `busy`: another process is erasing. */
  readonly exclusively: <T>(db: Knex, work: (transaction: Knex) => Promise<T>) => Promise<T | 'busy'>;
  /** Removes messages from all derived data. Call it before they are deleted, in the same transaction. */
  readonly forget: (transaction: Knex, keys: readonly string[]) => Promise<void>;
  /** An expression for the position of a binary needle in `body`; above 0 if the body contains it. */
  readonly placeInBody: string;
  /** A query for `at`, when the messages that were stored last were received; a limit follows it. */
  readonly latestReceipts: string;
  /** A query for `now`, the server's clock in microseconds since 1970; null if there is no server. */
  readonly serverTime: string | null;
}

/** Runs SQL and returns its rows, which the two drivers wrap differently. */
export async function rowsOf<T>(db: Knex, sql: string, bindings: readonly unknown[] = []): Promise<T[]> {
  const result = (await db.raw(sql, bindings as Knex.RawBinding[])) as T[] | { rows: T[] };
  return Array.isArray(result) ? result : result.rows;
}

/** Runs SQL that always returns a row, and returns the first. */
export async function rowOf<T>(db: Knex, sql: string, bindings: readonly unknown[] = []): Promise<T> {
  const [row] = await rowsOf<T>(db, sql, bindings);
  if (row === undefined) throw new Error('the query returned no row');
  return row;
}

/** The driver's own message: Knex puts the statement before it. Not for statements that contain ` - `. */
export function driverMessage({ message }: Error): string {
  const at = message.indexOf(' - ');
  return /^(select|insert|update|delete|pragma)\s/.test(message) && at !== -1 ? message.slice(at + 3) : message;
}

/** One placeholder per value, for a list in SQL. */
export function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** Only for the schema, which differs in every migration. All other code gets a {@link Dialect}. */
export function isPostgres(db: Knex): boolean {
  return (db.client as { config: Knex.Config }).config.client === 'pg';
}
