import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';

const EXAMPLES = `
The database is the one of DATABASE_URL, also from .env in the working directory. Safe to start from several processes at
once.

Examples:
  webhook-inbox migrate latest
  webhook-inbox migrate status --json

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 a configuration that is not valid.`;

export function migrateCommand(dependencies: CommandDependencies): Command {
  const migrate = new Command('migrate')
    .description('bring the database to the schema of this version, or back')
    .addHelpText('after', EXAMPLES);
  migrate
    .command('latest')
    .description('apply what is pending')
    .action(async () => {
      process.exitCode = await (await import('./migrate.ts')).latest(dependencies);
    });
  migrate
    .command('rollback')
    .description('take back what the last "latest" applied; never the messages themselves')
    .action(async () => {
      process.exitCode = await (await import('./migrate.ts')).rollback(dependencies);
    });
  migrate
    .command('status')
    .description(
      'what is applied and what is pending; exit status 1 when something is, or a newer version has been there',
    )
    .option('--json', 'one JSON object: applied, pending, unknown')
    .action(async ({ json = false }: { json?: boolean }) => {
      process.exitCode = await (await import('./migrate.ts')).status(dependencies, json);
    });
  migrate
    .command('make')
    .description('a new, empty migration in the sources')
    .argument('<name>', 'in lower case, digits and underscores: add_received_at')
    .action(async (name: string) => {
      process.exitCode = await (await import('./migrate.ts')).make(dependencies, name);
    });
  return migrate;
}
