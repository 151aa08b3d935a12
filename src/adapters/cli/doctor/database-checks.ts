import type { Knex } from 'knex';
import { rebuildCounters, wrongCounters } from '../../persistence/counters/counter-check.ts';
import { isPostgres } from '../../persistence/schema/dialect.ts';
import { isBreaking } from '../../persistence/schema/migration-source.ts';
import { schemaStatus } from '../../persistence/schema/migrator.ts';
import { wordsOf } from '../run-command.ts';
import type { Config } from '../../../infrastructure/config/config.ts';
import { missingFile, openForMaintenance, type MaintenanceDatabase } from '../../../infrastructure/database.ts';
import { fail, ok, type Check } from './check.ts';
import { databaseClockCheck } from './clock-checks.ts';

/** Of the database: that it can be reached, its clock, its pages, its schema and its counters. Stops where the next makes no sense. */
export async function* databaseChecks(config: Config, rebuild: boolean): AsyncGenerator<Check> {
  const missing = missingFile(config.database);
  if (missing !== null) {
    yield fail(
      'database',
      `${missing} is not there: look at DATABASE_URL, or make it by "webhook-inbox migrate latest"`,
    );
    return;
  }
  const database = await openForMaintenance(config);
  try {
    yield* examine(database, config, rebuild);
  } catch (error) {
    yield fail('database', `${wordsOf(error)}: see DATABASE_URL`);
  } finally {
    await database.db.destroy();
  }
}

async function* examine({ db, dialect }: MaintenanceDatabase, config: Config, rebuild: boolean): AsyncGenerator<Check> {
  // PostgreSQL checks its pages as it reads them, where checksums are on; the scan below reads them all.
  if (isPostgres(db)) {
    yield await databaseClockCheck(db, config);
  } else {
    const pages = await quickCheck(db);
    if (pages !== 'ok') {
      yield fail('pages', `${pages}: stop the service and restore a backup`);
      return;
    }
    yield ok('pages', 'none is damaged');
  }

  const schema = await schemaCheck(db);
  yield schema;
  if (schema.status !== 'ok') return;

  if (rebuild) {
    await rebuildCounters(db, dialect);
    yield ok('rebuild', 'counted anew');
    if (!isPostgres(db)) {
      const { resetIndex } = await import('../../persistence/sqlite/search/search-index.ts');
      await resetIndex(db);
      yield ok('rebuild', 'the search index is emptied; the service fills it again');
    }
  }
  const wrong = await wrongCounters(db, dialect);
  yield wrong.length === 0
    ? ok('counters', 'equal a scan of all messages')
    : fail('counters', `wrong in ${wrong.join(', ')}: run with --rebuild`);
}

async function quickCheck(db: Knex): Promise<string> {
  const [pages] = await db.raw<{ quick_check: string }[]>('pragma quick_check(1)');
  return pages?.quick_check ?? 'unknown';
}

async function schemaCheck(db: Knex): Promise<Check> {
  const { pending, unknown } = await schemaStatus(db);
  const breaking = unknown.filter(isBreaking);
  if (breaking.length > 0) {
    return fail(
      'schema',
      `a newer version migrated it (${breaking.join(', ')}): run that version, or roll back with it`,
    );
  }
  if (pending.length > 0) return fail('schema', `lacks ${pending.join(', ')}: run "webhook-inbox migrate latest"`);
  return unknown.length > 0
    ? ok('schema', `is this version's, and a newer one has added to it (${unknown.join(', ')})`)
    : ok('schema', "is this version's");
}
