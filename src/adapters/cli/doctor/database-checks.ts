import type { CheckStore, Finding } from '../../../application/maintenance/check-store.ts';
import { wordsOf } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { fail, ok, warn, type Check } from './check.ts';
import { clockCheck } from './clock-checks.ts';

/** The findings about the database in words. A database that cannot be read is one more. */
export async function* databaseChecks(store: CheckStore, settings: Settings, rebuild: boolean): AsyncGenerator<Check> {
  try {
    for await (const finding of store.execute(rebuild)) yield checkOf(finding, settings);
  } catch (error) {
    yield fail('database', `${wordsOf(error)}: see DATABASE_URL`);
  }
}

function checkOf(finding: Finding, settings: Settings): Check {
  switch (finding.of) {
    case 'file':
      return fail(
        'database',
        `${finding.missing} is not there: look at DATABASE_URL, or make it by "webhook-inbox migrate latest"`,
      );
    case 'clock':
      return clockCheck("the database's", finding.aheadSeconds, settings);
    case 'permissions':
      return permissionsCheck(finding);
    case 'pages':
      return pagesCheck(finding);
    case 'schema':
      return schemaCheck(finding);
    case 'rebuild':
      return ok(
        'rebuild',
        finding.rebuilt === 'counters'
          ? 'the counters are rebuilt'
          : 'the search index is emptied; the service fills it again',
      );
    case 'counters':
      return finding.wrong.length === 0
        ? ok('counters', 'equal a scan of all messages')
        : fail('counters', `wrong in ${finding.wrong.join(', ')}: run with --rebuild`);
    case 'search index':
      return finding.damage === null
        ? ok('search index', finding.checked)
        : fail('search index', `${finding.damage}: run "webhook-inbox reindex"`);
  }
}

function permissionsCheck({ file, to }: Extract<Finding, { of: 'permissions' }>): Check {
  if (to === null) return ok('permissions', 'only the owner of the database can read it');
  const who = to === 'everybody' ? 'everybody on this machine' : 'its group';
  return warn('permissions', `${who} can read or write ${file}: run "chmod 600" on it and on its -wal and -shm`);
}

function pagesCheck({ damage, unused }: Extract<Finding, { of: 'pages' }>): Check {
  if (damage !== null) return fail('pages', `${damage}: stop the service and restore a backup`);
  return unused === 0
    ? ok('pages', 'none is damaged')
    : warn(
        'pages',
        'none is damaged, but some belong to nothing: run "webhook-inbox purge --before 1970-01-01T00:00:00Z --compact"',
      );
}

function schemaCheck({ is, migrations }: Extract<Finding, { of: 'schema' }>): Check {
  const names = migrations.join(', ');
  switch (is) {
    case 'breaking':
      return fail('schema', `a newer version migrated it (${names}): run that version, or roll back with it`);
    case 'pending':
      return fail('schema', `lacks ${names}: run "webhook-inbox migrate latest"`);
    case 'extended':
      return ok('schema', `is this version's, and a newer one has added to it (${names})`);
    case 'current':
      return ok('schema', "is this version's");
  }
}
