import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import type { RestoreOptions } from './restore.ts';

const MORE = `
Into the database of DATABASE_URL, also from .env in the working directory; a file that "backup" wrote. Stop the service first:
while one has the database open, nothing is restored. The backup is checked before anything is changed; one of a
newer schema that this version cannot serve is refused, one of an older version is migrated. Who follows GET /messages/stream begins anew.

SQLite: the copy takes the place of the old database when it is complete and checked. With --force the old one is kept beside
it as app.db.before-restore-<instant>: delete that when you are sure.
PostgreSQL: by pg_restore, which must be of the server's version or newer, in one transaction, into a database without
messages. With --force those that are there are deleted, and nothing of them is kept. The names of a database and of its
roles may differ from those in the backup.

Ctrl-C stops it, and the old database stays as it is, until the last step; after that the new one is in place.

Examples:
  webhook-inbox restore /backups/inbox-2026-11-26.db
  webhook-inbox restore nightly.db --force --json

Exit status: 0 done, 1 a fault or a no, 64 unknown arguments, 78 a configuration that is not valid, 130 or 143 stopped by
SIGINT or SIGTERM.`;

export function restoreCommand(dependencies: CommandDependencies): Command {
  return new Command('restore')
    .description('put a backup into the place of the database')
    .argument('<file>', 'what "backup" wrote')
    .option('--force', 'also where a database is, or holds messages')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (file: string, options: RestoreOptions) => {
      process.exitCode = await (await import('./restore.ts')).restore(dependencies, file, options);
    });
}
