import type { Knex } from 'knex';
import type { SchemaChange, SchemaCheck } from '../../../application/ports/maintenance.ts';
import { isBreaking, migrationNames } from '../schema/migration-source.ts';
import { migrateLatest, migrateRollback, schemaStatus } from '../schema/migrator.ts';

/** The schema of an open database. */
export function schemaOf(db: Knex): SchemaCheck & SchemaChange {
  return {
    status: () => schemaStatus(db),
    isBreaking,
    migrate: () => migrateLatest(db),
    rollback: () => migrateRollback(db),
  };
}

/** The schema of a database that does not exist. */
export const missingSchema: SchemaCheck = {
  status: async () => ({ applied: [], pending: await migrationNames(), unknown: [] }),
  isBreaking,
};
