import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import type { BackupOptions } from './backup.ts';

const MORE = `
Of the database of DATABASE_URL, also from .env in the working directory, while the service runs: no webhook waits. The file is
one instant of the database. It is written as <file>.partial, read through, and gets its name only when it is whole; only its
owner may read it.

SQLite: the file is a database. Its pages, its schema and its counters are checked. What is stored meanwhile stays in the
write-ahead log (app.db-wal) until the backup is done.
PostgreSQL: the file is an archive of pg_dump, which must be of the server's version or newer. The whole archive is unpacked,
and its messages must be as many as its counters say; that its values fit their types only a restore proves. The password
goes to pg_dump by its environment.

Ctrl-C stops it and leaves nothing behind.

Examples:
  webhook-inbox backup /backups/inbox-2026-11-26.db
  webhook-inbox backup nightly.db --force --json

Exit status: 0 done, 1 a fault, the file is there already, or counters are wrong, 64 unknown arguments, 78 a configuration
that is not valid, 130 or 143 stopped by SIGINT or SIGTERM.`;

export function backupCommand(dependencies: CommandDependencies): Command {
  return new Command('backup')
    .description('a verified copy of the live database in a file')
    .argument('<file>', 'where to write it; "restore" reads it')
    .option('--force', 'replace the file when it is there, and what a run that was killed has left')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (file: string, options: BackupOptions) => {
      process.exitCode = await (await import('./backup.ts')).backup(dependencies, file, options);
    });
}
