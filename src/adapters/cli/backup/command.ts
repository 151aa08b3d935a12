import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { BackupOptions } from './backup.ts';

const MORE = `
Backs up the database of DATABASE_URL, also from .env in the working directory, while the service runs. No webhook waits.
The backup is one snapshot. It is written to <file>.partial, verified, and gets its name only when it is complete. Only
its owner may read it.

SQLite: the backup is a database. Its pages, schema and counters are checked. Changes during the backup stay in the
write-ahead log (app.db-wal) until it is done.
PostgreSQL: the backup is an archive of pg_dump, which must have the server's version or a newer one. The whole archive is
unpacked, and its number of messages is compared with its counters. Only a restore proves that all values fit their types.
pg_dump gets the password through its environment.

Ctrl-C stops the backup and leaves nothing behind.

Examples:
  webhook-inbox backup /backups/inbox-2026-11-26.db
  webhook-inbox backup nightly.db --force --json

Exit status: 0 done, 1 a fault, an existing file or wrong counters, 64 unknown arguments, 78 an invalid configuration,
129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.`;

export function backupCommand(dependencies: CommandDependencies): Command {
  return new Command('backup')
    .description('write a verified backup of the live database')
    .argument('<file>', 'where to write the backup; "restore" reads it')
    .option('--force', 'replace an existing file, and the remains of a killed run')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string, options: BackupOptions) =>
        (await import('./backup.ts')).backup(dependencies, file, options),
      ),
    );
}
