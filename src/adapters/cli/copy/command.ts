import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { CopyOptions } from './copy.ts';

const MORE = `
Write the databases as in DATABASE_URL: sqlite:///./data/app.db or postgres://user@host/name. The source is only read and
must have the newest schema; the target is created if necessary, and migrated. Messages that the target holds stay
unchanged. Statuses and kept unknown updates are copied, too. In the end all messages of both databases are compared.

Ctrl-C stops after the current commit. The same command resumes the copy: it starts at the first period in which the two
databases count different numbers of messages, and reads everything again only if the comparison finds a difference
before that period.

To move a live service: copy while it runs, which ends with status 1 if messages arrived meanwhile; stop the service;
copy again, which takes little longer than the comparison; start the service with the new DATABASE_URL.

Every user of the machine can see a password in a command; use PGPASSWORD or ~/.pgpass instead.

Example:
  webhook-inbox copy --from sqlite:///./data/app.db --to postgres://inbox@db.example.com/inbox

Exit status: 0 both hold the same messages, 1 a fault or a difference, 64 unknown arguments, 78 an invalid URL, 129, 130 or 143
stopped by SIGHUP, SIGINT or SIGTERM.`;

export function copyCommand(dependencies: CommandDependencies): Command {
  return new Command('copy')
    .description('copy every message from one database to another')
    .option('--from <url>', 'the source')
    .option('--to <url>', 'the target')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(reporting(async (options: CopyOptions) => (await import('./copy.ts')).copy(dependencies, options)));
}
