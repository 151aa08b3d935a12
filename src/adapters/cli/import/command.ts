import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { ImportOptions } from './import.ts';

const MORE = `
Imports into the database of DATABASE_URL, also from .env in the working directory; the database is created if necessary,
and migrated. The service may run meanwhile. Accepts the output of "export", and lines from other sources:

  {"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2025-01-15T10:00:00Z","text":"Hello"}

Each message is stored exactly once, as if it had been sent: a stored message never changes, the same message again is a
duplicate, and other content under the same id is a conflict. So the same command resumes an interrupted import, and a
second run changes nothing. Memory does not grow with the file.

An invalid line stops the import: the lines before it are stored, the lines after it are not.

Examples:
  webhook-inbox import inbox.ndjson
  gunzip -c inbox.ndjson.gz | webhook-inbox import --json

Exit status: 0 done, 1 a fault, an invalid line or conflicts, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143
stopped by SIGHUP, SIGINT or SIGTERM.`;

export function importCommand(dependencies: CommandDependencies): Command {
  return new Command('import')
    .description('import messages from lines of JSON')
    .argument('[file]', 'the output of "export"; - or no file means standard input', '-')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string, options: ImportOptions) =>
        (await import('./import.ts')).importLines(dependencies, file, options),
      ),
    );
}
