import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import type { CopyOptions } from './copy.ts';

const MORE = `
The databases are written as in DATABASE_URL: sqlite:///./data/app.db or postgres://user@host/name. The source is only
read and must have the newest schema; the target is made if need be and migrated. Messages that the target holds stay as
they are. Their states and what was kept of unknown updates come, too. At the end all messages of both are compared.

Ctrl-C stops after the commit under way. The same command goes on: it begins at the first period for which the two
databases count different numbers of messages, and reads everything again only when the comparison finds that the part
left out is not the same.

To move a live service: copy while it runs, which ends with status 1 when messages arrived meanwhile; stop the service;
copy again, which takes little more than the comparison; start the service with the new DATABASE_URL.

Everybody on the machine can see a password in a command; PGPASSWORD and ~/.pgpass work, too.

Example:
  webhook-inbox copy --from sqlite:///./data/app.db --to postgres://inbox@db.example.com/inbox

Exit status: 0 both hold the same messages, 1 a fault or a difference, 64 unknown arguments, 78 a URL that is not valid,
130 or 143 stopped by SIGINT or SIGTERM.`;

export function copyCommand(dependencies: CommandDependencies): Command {
  return new Command('copy')
    .description('copy every message from one database to another')
    .option('--from <url>', 'the source')
    .option('--to <url>', 'the target')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (options: CopyOptions) => {
      process.exitCode = await (await import('./copy.ts')).copy(dependencies, options);
    });
}
