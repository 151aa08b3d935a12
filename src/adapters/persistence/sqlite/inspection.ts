import type { Database } from 'better-sqlite3';
import type { Knex } from 'knex';
import type { StoreInspection } from '../../../application/ports/maintenance.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { numberPattern } from '../erasure/names-number.ts';
import { derivedDataInspection } from '../maintenance/inspection.ts';
import { withConnection } from './database.ts';
import { sqliteDialect } from './dialect.ts';
import { exposureOf } from './files/exposure.ts';
import { checkPages, type PageFaults } from './files/page-check.ts';
import { inspectIndex } from './search/inspect-index.ts';
import { resetIndex } from './search/search-index.ts';

export function sqliteInspection(db: Knex, file: string): StoreInspection {
  // Checking the pages reads the search index, too, which takes longest.
  let faults: Promise<PageFaults> | undefined;
  return {
    ...derivedDataInspection(db, sqliteDialect),
    serverSeconds: null,
    exposure: () => ({ file, to: exposureOf(file) }),
    async findDamage() {
      const { file: damage, unused } = await (faults ??= checkPages(db));
      return { damage, unused };
    },
    async inspectSearchIndex() {
      const { index } = await (faults ??= checkPages(db));
      return inspectIndex(db, index);
    },
    async resetSearchIndex() {
      await resetIndex(db);
      faults = undefined;
    },
  };
}

/**
 * In how many places of the file the rows and the indexes contain the number, by the rule that erasing follows: in other people's
 * texts, bodies and ids. Reads every row.
 */
export function placesInRows(db: Knex, number: Msisdn): Promise<number> {
  const pattern = numberPattern(number);
  const digits = number.slice(1);
  return withConnection(db, (connection) => {
    connection.function('places_of', { deterministic: true }, (value: unknown) => {
      const text =
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : typeof value === 'string' ? value : '';
      return BigInt(text.match(pattern)?.length ?? 0);
    });
    let places = 0n;
    for (const { name, columns } of storedColumns(connection)) {
      const sum = columns.map(({ column, copies }) => `places_of("${column}") * ${String(copies)}`).join(' + ');
      const filter = columns.map(({ column }) => `instr("${column}", cast(@digits as blob)) > 0`).join(' or ');
      const query = connection.prepare<{ digits: string }, { places: bigint }>(
        `select coalesce(sum(${sum}), 0) as places from "${name}" where ${filter}`,
      );
      places += query.get({ digits })?.places ?? 0n;
    }
    return Number(places);
  });
}

interface StoredColumn {
  readonly column: string;
  /** In the table and in its indexes. */
  readonly copies: number;
}

/** The columns of each table that may contain texts. Virtual tables keep theirs in tables of their own, in their own form. */
function storedColumns(connection: Database): { name: string; columns: StoredColumn[] }[] {
  const rows = connection
    .prepare<[], { name: string; column: string; indexes: bigint }>(
      `select tables.name, columns.name as column, (
         select count(*) from pragma_index_list(tables.name) as indexes join pragma_index_info(indexes.name) as parts
         where parts.name = columns.name and not (indexes.origin = 'pk' and tables.wr)
       ) as indexes
       from pragma_table_list as tables join pragma_table_info(tables.name) as columns
       where tables.schema = 'main' and tables.type = 'table' and tables.name not like 'sqlite_%'
         and columns.type in ('TEXT', 'BLOB', 'ANY', '') order by tables.name, columns.cid`,
    )
    .all();
  return [...Map.groupBy(rows, ({ name }) => name)].map(([name, found]) => ({
    name,
    columns: found.map(({ column, indexes }) => ({ column, copies: 1 + Number(indexes) })),
  }));
}
