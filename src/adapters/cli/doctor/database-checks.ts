import type { CheckStore, Finding } from '../../../application/maintenance/check-store.ts';
import { wordsOf } from '../run-command.ts';
import type { Settings } from '../settings.ts';
import { fail, ok, type Check } from './check.ts';
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
    case 'pages':
      return finding.damage === null
        ? ok('pages', 'none is damaged')
        : fail('pages', `${finding.damage}: stop the service and restore a backup`);
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
  }
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
