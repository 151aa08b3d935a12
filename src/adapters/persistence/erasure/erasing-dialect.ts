import type { Knex } from 'knex';

/** What erasing needs of the two databases beside the SQL that both understand. */
export interface ErasingDialect {
  /**
   * Begins a transaction, and does in it what is to be done alone: no one else erases or counts meanwhile. `busy`: somebody
   * else is erasing.
   */
  readonly alone: <T>(db: Knex, work: (transaction: Knex) => Promise<T>) => Promise<T | 'busy'>;
  /** Takes messages that are about to go out of all that is derived from them. */
  readonly forget: (transaction: Knex, keys: readonly string[]) => Promise<void>;
  /** An expression for the place of a binary needle in a body, above 0 when it is there. */
  readonly placeInBody: string;
}
