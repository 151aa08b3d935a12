import type { Knex } from 'knex';
import { isPostgres, rowsOf } from '../../../../src/adapters/persistence/schema/dialect.ts';

/** The demands of a table on its writers, as the database enforces them. */
export interface TableShape {
  readonly columns: Readonly<Record<string, { readonly type: string; readonly required: boolean }>>;
  /** Unique indexes by their columns or expressions, other constraints and triggers by their definitions. */
  readonly demands: readonly string[];
}
export type SchemaShape = Readonly<Record<string, TableShape>>;

interface ColumnRow {
  readonly table: string;
  readonly column: string;
  readonly type: string;
  /** 0 or 1, as SQLite reports it. */
  readonly required: number;
}
interface DemandRow {
  readonly table: string;
  readonly demand: string;
}

/** `required`: a row without the column is rejected. */
const SQLITE_COLUMNS = `
  select tables.name as "table", fields.name as "column", fields.type as type,
         "notnull" = 1 and dflt_value is null and not (pk = 1 and fields.type = 'INTEGER' collate nocase) as required
  from pragma_table_list as tables join pragma_table_info(tables.name) as fields
  where tables.type = 'table' and tables.name not like 'sqlite_%'`;
const SQLITE_DEMANDS = `
  select tables.name as "table", 'unique ' || (
           select group_concat(coalesce(fields.name, 'expression'), ', ') from pragma_index_info(indexes.name) as fields
         ) as demand
  from pragma_table_list as tables join pragma_index_list(tables.name) as indexes
  where tables.type = 'table' and "unique" = 1
  union all select tbl_name, sql from sqlite_schema where type = 'trigger'`;

const POSTGRES_COLUMNS = `
  select table_name as "table", column_name as "column", data_type as type,
         (is_nullable = 'NO' and column_default is null and is_identity = 'NO')::int as required
  from information_schema.columns where table_schema = current_schema`;
const POSTGRES_DEMANDS = `
  select tables.relname as "table", 'unique ' || (
           select string_agg(pg_get_indexdef(indexrelid, place, false), ', ') from generate_series(1, indnkeyatts) as place
         ) as demand
  from pg_index join pg_class as tables on tables.oid = indrelid
  where indisunique and tables.relnamespace = current_schema::regnamespace
  union all
  select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint
  where contype in ('c', 'f', 'x', 't') and connamespace = current_schema::regnamespace
  union all
  select tgrelid::regclass::text, pg_get_triggerdef(pg_trigger.oid)
  from pg_trigger join pg_class on pg_class.oid = tgrelid
  where not tgisinternal and relnamespace = current_schema::regnamespace`;

export async function schemaShape(db: Knex): Promise<SchemaShape> {
  const [columns, demands] = isPostgres(db)
    ? [await rowsOf<ColumnRow>(db, POSTGRES_COLUMNS), await rowsOf<DemandRow>(db, POSTGRES_DEMANDS)]
    : [await rowsOf<ColumnRow>(db, SQLITE_COLUMNS), await rowsOf<DemandRow>(db, SQLITE_DEMANDS)];
  const shape: Record<string, { columns: Record<string, { type: string; required: boolean }>; demands: string[] }> = {};
  for (const { table, column, type, required } of columns) {
    const found = (shape[table] ??= { columns: {}, demands: [] });
    found.columns[column] = { type, required: required === 1 };
  }
  for (const { table, demand } of demands) shape[table]?.demands.push(demand);
  return shape;
}

/** Why a version that works with the shape before may fail with the one after; empty if it only adds. */
export function whatBreaks(before: SchemaShape, after: SchemaShape): string[] {
  return Object.entries(before).flatMap(([table, was]) => {
    const is = after[table];
    if (is === undefined) return [`${table} is gone`];
    const found: string[] = [];
    for (const [column, { type, required }] of Object.entries(was.columns)) {
      const now = is.columns[column];
      if (now === undefined) found.push(`${table}.${column} is gone`);
      else if (now.type !== type) found.push(`${table}.${column} was ${type} and is ${now.type}`);
      else if (now.required && !required) found.push(`${table}.${column} is required`);
    }
    for (const [column, { required }] of Object.entries(is.columns)) {
      if (required && !(column in was.columns)) found.push(`${table}.${column} is required`);
    }
    for (const demand of is.demands) {
      // Constraints on new columns alone do not affect a version that does not write them.
      const added = /^unique (.*)$/.exec(demand)?.[1]?.split(', ') ?? [];
      const ofNew = added.length > 0 && added.every((column) => column in is.columns && !(column in was.columns));
      if (!was.demands.includes(demand) && !ofNew) found.push(`${table} demands ${demand}`);
    }
    return found;
  });
}
