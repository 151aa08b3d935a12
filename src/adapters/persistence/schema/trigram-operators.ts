import type { Knex } from 'knex';
import { rowOf } from './dialect.ts';

/**
 * Creates PostgreSQL's extension pg_trgm unless the database has it. A database has it once, for all of its schemas, so it
 * does not belong into the schema of one inbox.
 */
export async function requireTrigrams(db: Knex): Promise<void> {
  const { usable } = await rowOf<{ usable: boolean }>(
    db,
    `select exists (select from pg_namespace where nspname = 'public' and has_schema_privilege(oid, 'create')) as usable`,
  );
  await db.raw(`create extension if not exists pg_trgm${usable ? ' schema public' : ''}`);
}

/** The name of the index operators of pg_trgm with their schema, which the session's search_path may lack. */
export async function trigramOperators(db: Knex): Promise<string> {
  const { name } = await rowOf<{ name: string }>(
    db,
    `select quote_ident(nspname) || '.gin_trgm_ops' as name
     from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'pg_trgm'`,
  );
  return name;
}
