import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Knex } from 'knex';
import { requireSupportedNode } from './node-version.ts';

requireSupportedNode();
const { EXIT_USAGE, runCommand, say } = await import('./command.ts');
const { loadEnvFile, readConfig } = await import('./config.ts');
const { openForMaintenance } = await import('./database.ts');
const { MIGRATIONS_FOLDER } = await import('../adapters/persistence/migration-source.ts');
const { migrateLatest, migrateRollback, schemaStatus } = await import('../adapters/persistence/migrator.ts');

const USAGE = `Usage: migrate latest | rollback | status | make NAME

  latest      apply what is pending
  rollback    take back what the last "latest" applied
  status      what is applied and what is pending; exit status 1 when something is pending
  make NAME   a new, empty migration in the sources

The database is the one of DATABASE_URL, also from .env in the working directory.
Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 a configuration that is not valid.
`;

const TEMPLATE = `import type { Knex } from 'knex';

export async function up(db: Knex): Promise<void> {
  await db.raw('');
}

export async function down(db: Knex): Promise<void> {
  await db.raw('');
}
`;

const commands: Readonly<Record<string, (db: Knex) => Promise<number>>> = {
  async latest(db) {
    const applied = await migrateLatest(db);
    say(applied.length === 0 ? ['the schema is up to date'] : applied.map((name) => `applied ${name}`));
    return 0;
  },
  async rollback(db) {
    const reverted = await migrateRollback(db);
    say(reverted.length === 0 ? ['nothing to take back'] : reverted.map((name) => `took back ${name}`));
    return 0;
  },
  async status(db) {
    const { applied, pending, unknown } = await schemaStatus(db);
    say(applied.filter((name) => !unknown.includes(name)).map((name) => `applied  ${name}`));
    say(pending.map((name) => `pending  ${name}`));
    say(unknown.map((name) => `unknown  ${name} (applied by a newer version)`));
    return pending.length + unknown.length === 0 ? 0 : 1;
  },
};

function make(name: string): number {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    process.stderr.write('a migration is named in lower case, digits and underscores: add_received_at\n');
    return EXIT_USAGE;
  }
  // eslint-disable-next-line no-restricted-syntax -- a file name for people, not an instant the service acts on
  const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const file = fileURLToPath(new URL(`${stamp}_${name}.ts`, MIGRATIONS_FOLDER));
  writeFileSync(file, TEMPLATE, { flag: 'wx' });
  say([`made ${file}`]);
  return 0;
}

async function run(positionals: readonly string[]): Promise<number> {
  const [name = '', argument] = positionals;
  if (name === 'make' && argument !== undefined && positionals.length === 2) return make(argument);
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined || positionals.length !== 1) {
    process.stderr.write(USAGE);
    return EXIT_USAGE;
  }
  loadEnvFile();
  const { db } = await openForMaintenance(readConfig());
  try {
    return await command(db);
  } finally {
    await db.destroy();
  }
}

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) say([USAGE]);
  return values.help ? 0 : run(positionals);
});
