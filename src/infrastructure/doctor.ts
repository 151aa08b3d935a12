import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import { requireSupportedNode } from './node-version.ts';

requireSupportedNode();
const { EXIT_FAULT, runCommand, say } = await import('./command.ts');
const { loadEnvFile, readConfig } = await import('./config.ts');
const { openForMaintenance } = await import('./database.ts');
const { rebuildCounters, wrongCounters } = await import('../adapters/persistence/counter-check.ts');
const { isPostgres } = await import('../adapters/persistence/dialect.ts');
const { schemaStatus } = await import('../adapters/persistence/migrator.ts');
const { resetIndex } = await import('../adapters/persistence/sqlite/search-index.ts');

const USAGE = `Usage: doctor [--rebuild]

Checks the database of DATABASE_URL: its pages, its schema, and that the counters behind totals and statistics equal a scan of
all messages. May run beside the service. Takes minutes for millions of messages.

  --rebuild   count everything anew and empty the search index, which the service then fills again; writes wait meanwhile

Exit status: 0 all is well, 1 something is wrong, 78 a configuration that is not valid.
`;

async function examine(rebuild: boolean): Promise<number> {
  loadEnvFile();
  const { db, dialect } = await openForMaintenance(readConfig());
  try {
    // PostgreSQL checks its pages as it reads them, where checksums are on; the scan below reads them all.
    const pages = isPostgres(db) ? 'ok' : await quickCheck(db);
    if (!isPostgres(db)) say([`pages     ${pages}`]);
    const { pending, unknown } = await schemaStatus(db);
    say([
      `schema    ${pending.length + unknown.length === 0 ? 'ok' : `not this version's: ${[...pending, ...unknown].join(', ')}`}`,
    ]);
    if (pages !== 'ok' || pending.length + unknown.length > 0) return EXIT_FAULT;
    if (rebuild) {
      await rebuildCounters(db, dialect);
      say(['counters  counted anew']);
      if (!isPostgres(db)) {
        await resetIndex(db);
        say(['search    emptied; the service fills it again']);
      }
    }
    const wrong = await wrongCounters(db, dialect);
    say([`counters  ${wrong.length === 0 ? 'ok' : `wrong in ${wrong.join(', ')}: run with --rebuild`}`]);
    return wrong.length === 0 ? 0 : EXIT_FAULT;
  } finally {
    await db.destroy();
  }
}

async function quickCheck(db: Knex): Promise<string> {
  const [pages] = await db.raw<{ quick_check: string }[]>('pragma quick_check(1)');
  return pages?.quick_check ?? 'unknown';
}

await runCommand(USAGE, async () => {
  const { values } = parseArgs({
    options: { rebuild: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  });
  if (!values.help) return examine(values.rebuild);
  say([USAGE]);
  return 0;
});
