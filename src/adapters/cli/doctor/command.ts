import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { httpUrl } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { DoctorOptions } from './doctor.ts';

const MORE = `
Checks the configuration, the secrets, the database of DATABASE_URL and the clock. Of the database: who can read its files, its
pages, its schema, whether the counters of totals and statistics equal a scan of all messages, and whether the search index
has as many texts as the messages and finds some hundred random ones. The service may run meanwhile. Takes minutes for
millions of messages. Each check prints one line that begins with ok, warn or fail.

A secret counts as easy to guess if it has fewer than 16 characters, if its length times log2 of the number of its
different characters is below 80, or if it contains a word that examples use. No secret is printed.

Examples:
  webhook-inbox doctor
  webhook-inbox doctor --url https://www.example.com

Exit status: 0 no check fails (there may be warnings), 1 a check fails, 64 unknown arguments, 78 an invalid configuration.`;

export function doctorCommand(dependencies: CommandDependencies): Command {
  return new Command('doctor')
    .description('check configuration, secrets, database and clock, and print what to do')
    .option('--rebuild', 'rebuild the counters and refill the search index; writes wait meanwhile')
    .option('--url <url>', 'also compare the clock with that of this HTTP server', httpUrl)
    .option('--json', 'print one JSON object: ok, and checks with status, name and text')
    .addHelpText('after', MORE)
    .action(reporting(async (options: DoctorOptions) => (await import('./doctor.ts')).doctor(dependencies, options)));
}
