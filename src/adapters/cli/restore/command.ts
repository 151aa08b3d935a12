import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { RestoreOptions } from './restore.ts';

const MORE = `
Restores a file that "backup" wrote into the database of DATABASE_URL, also from .env in the working directory. Stop the
service first: a database that is open elsewhere is not replaced. The backup is checked before anything changes. A backup
of an older version is migrated; one with a newer schema that this version cannot serve is rejected. Clients of
GET /messages/stream must start over.

SQLite: a complete and checked copy of the backup takes the place of the old database. With --force the old database is
kept beside it as app.db.before-restore-<instant>; delete that file when you no longer need it.
PostgreSQL: pg_restore, which must have the server's version or a newer one, restores in one transaction into a database
without messages. With --force existing messages are deleted and not kept. The names of the database and of its roles may
differ from those in the backup.

Ctrl-C stops the restore and leaves the old database unchanged until the last step; after that the new one is in place.

Examples:
  webhook-inbox restore /backups/inbox-2026-11-26.db
  webhook-inbox restore nightly.db --force --json

Exit status: 0 done, 1 a fault or a rejected restore, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143
stopped by SIGHUP, SIGINT or SIGTERM.`;

export function restoreCommand(dependencies: CommandDependencies): Command {
  return new Command('restore')
    .description('replace the database by a backup')
    .argument('<file>', 'a file that "backup" wrote')
    .option('--force', 'replace an existing database, or one that holds messages')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string, options: RestoreOptions) =>
        (await import('./restore.ts')).restore(dependencies, file, options),
      ),
    );
}
