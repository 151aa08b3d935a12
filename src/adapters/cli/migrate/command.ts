import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';

const EXAMPLES = `
Migrates the database of DATABASE_URL, also from .env in the working directory. Several processes may do so at once.

Examples:
  webhook-inbox migrate latest
  webhook-inbox migrate status --json

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 an invalid configuration.`;

export function migrateCommand(dependencies: CommandDependencies): Command {
  const migrate = new Command('migrate')
    .description('bring the database to the schema of this version, or back')
    .addHelpText('after', EXAMPLES);
  migrate
    .command('latest')
    .description('apply all pending migrations')
    .option('--json', 'print one JSON object: ok, applied')
    .action(reporting(async () => (await import('./migrate.ts')).latest(dependencies)));
  migrate
    .command('rollback')
    .description('revert what the last "latest" applied, but never delete messages')
    .option('--json', 'print one JSON object: ok, reverted')
    .action(reporting(async () => (await import('./migrate.ts')).rollback(dependencies)));
  migrate
    .command('status')
    .description(
      'list applied and pending migrations; exit status 1 if any is pending, or a newer version migrated the database',
    )
    .option('--json', 'print one JSON object: ok, applied, pending, unknown')
    .action(reporting(async () => (await import('./migrate.ts')).status(dependencies)));
  migrate
    .command('make')
    .description('write an empty migration into the sources')
    .argument('<name>', 'lower case, digits and underscores: add_received_at')
    .option('--json', 'print one JSON object: ok, file')
    .action(reporting(async (name: string) => (await import('./migrate.ts')).make(dependencies, name)));
  return migrate;
}
