import type { Knex } from 'knex';
import type { StoreInspection } from '../../../application/ports/maintenance.ts';
import { rebuildCounters, wrongCounters } from '../counters/counter-check.ts';
import type { Dialect } from '../schema/dialect.ts';

type Derived = Pick<StoreInspection, 'wrongCounters' | 'rebuildCounters'>;

/** The part of an inspection that both databases share: what is derived from the messages. */
export function derivedDataInspection(db: Knex, dialect: Dialect): Derived {
  return {
    wrongCounters: () => wrongCounters(db, dialect),
    rebuildCounters: () => rebuildCounters(db, dialect),
  };
}
