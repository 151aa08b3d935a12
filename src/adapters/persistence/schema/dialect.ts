import type { Knex } from 'knex';

/** What the two databases say differently; all else is written once, in SQL that both understand. */
export interface Dialect {
  /** A table expression `tail (from_msisdn, sent_at)`: the messages that the counters do not hold yet. */
  readonly tail: string;
  /** Statements after which the counters are taken to hold every message there is. */
  readonly forgetTail: readonly string[];
  /** How the messages whose text contains the needle are found. To be asked in the snapshot that is then searched. */
  textSearch(db: Knex, needle: string): Promise<TextSearch>;
}

/** How to find the messages whose text contains a needle. All ways give the same messages. */
export type TextSearch =
  /** By an index of its own. `hits` is a subquery that gives their `seq`, `total` their number where it is known. */
  | { readonly by: 'index'; readonly hits: Knex.Raw; readonly total: number | null }
  /** By a condition on each message. `count` is a cheaper way to count them all, where there is one. */
  | { readonly by: 'condition'; readonly condition: Knex.Raw; readonly count: Knex.Raw | null };

/** The rows of a query written in SQL: the drivers wrap them differently. */
export async function rowsOf<T>(db: Knex, sql: string, bindings: readonly unknown[] = []): Promise<T[]> {
  const result = (await db.raw(sql, bindings as Knex.RawBinding[])) as T[] | { rows: T[] };
  return Array.isArray(result) ? result : result.rows;
}

/** The first row of a query that always gives one. */
export async function rowOf<T>(db: Knex, sql: string, bindings: readonly unknown[] = []): Promise<T> {
  const [row] = await rowsOf<T>(db, sql, bindings);
  if (row === undefined) throw new Error('the query gave no row');
  return row;
}

/** As many placeholders as values, for a list in SQL. */
export function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}

/** For migrations, which write two schemas: everything else is given its dialect. */
export function isPostgres(db: Knex): boolean {
  return (db.client as { config: Knex.Config }).config.client === 'pg';
}
