import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import type { ImportOptions } from './import.ts';

const MORE = `
Into the database of DATABASE_URL, also from .env in the working directory, which is made and migrated if need be; the service
may run beside it. Takes what "export" wrote, and lines of other origins:

  {"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2025-01-15T10:00:00Z","text":"Hello"}

Each message is stored exactly once, as if it had been sent: what is there stays as it is, the same again is a duplicate, and
another content under the same id a conflict. So stopped anywhere, the same command goes on, and a second run changes
nothing. Memory does not grow with the file.

A line that is not valid stops the import: what stands before it is stored, and nothing behind it.

Examples:
  webhook-inbox import inbox.ndjson
  gunzip -c inbox.ndjson.gz | webhook-inbox import --json

Exit status: 0 done, 1 a fault, a line that is not valid, or conflicts, 64 unknown arguments, 78 a configuration that is not
valid, 130 or 143 stopped by SIGINT or SIGTERM.`;

export function importCommand(dependencies: CommandDependencies): Command {
  return new Command('import')
    .description('messages from lines of JSON')
    .argument('[file]', 'what "export" wrote; - is standard input, as is none', '-')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (file: string, options: ImportOptions) => {
      process.exitCode = await (await import('./import.ts')).importLines(dependencies, file, options);
    });
}
