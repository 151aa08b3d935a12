import type pg from 'pg';
import { UnusableConnection } from './unusable-connection.ts';

/**
 * Reduces search_path to the schema in which the service creates its tables. With more schemas, a table that is missing there
 * would be read from, written to or dropped from the inbox of another schema. Rejects with UnusableConnection if no schema of
 * search_path exists.
 */
export async function useOneSchema(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query(
    `select set_config('search_path', quote_ident(current_schema()), false) where current_schema() is not null`,
  );
  if (rowCount === 1) return;
  throw new UnusableConnection(
    'no schema of search_path exists, or the role may not use it: create the schema, or correct search_path',
  );
}
