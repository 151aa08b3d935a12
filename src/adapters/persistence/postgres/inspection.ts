import type { Knex } from 'knex';
import type { StoreInspection } from '../../../application/ports/maintenance.ts';
import { derivedDataInspection } from '../maintenance/inspection.ts';
import { rowOf } from '../schema/dialect.ts';
import { postgresDialect } from './dialect.ts';
import { inspectIndex } from './search/inspect-index.ts';

export function postgresInspection(db: Knex): StoreInspection {
  return {
    ...derivedDataInspection(db, postgresDialect),
    async serverSeconds() {
      const { now } = await rowOf<{ now: string }>(db, 'select extract(epoch from clock_timestamp())::text as now');
      return Number(now);
    },
    exposure: null,
    findDamage: null, // with checksums PostgreSQL checks each page as it reads it, and counting reads all of them
    inspectSearchIndex: () => inspectIndex(db),
    resetSearchIndex: null,
  };
}
