import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { httpUrl } from '../options.ts';
import type { DoctorOptions } from './doctor.ts';

const MORE = `
Checks the configuration, the secrets, the database of DATABASE_URL (its pages, its schema, and that the counters behind totals
and statistics equal a scan of all messages) and the clock. May run beside the service. Takes minutes for millions of
messages. Each check is one line that begins with ok, warn or fail.

A secret is called easy to guess when it has fewer than 16 characters, when its length times log2 of the number of its
different characters is below 80, or when it holds a word that examples use. No secret is printed.

Examples:
  webhook-inbox doctor
  webhook-inbox doctor --url https://www.example.com

Exit status: 0 nothing fails (there may be warnings), 1 something does, 64 unknown arguments, 78 the configuration does.`;

export function doctorCommand(dependencies: CommandDependencies): Command {
  return new Command('doctor')
    .description('check configuration, secrets, database and clock, and say what to do')
    .option('--rebuild', 'count everything anew and have the search index filled again; writes wait meanwhile')
    .option('--url <url>', 'compare the clock with the one of this HTTP server, too', httpUrl)
    .option('--json', 'one JSON object: ok, and checks with status, name and text')
    .addHelpText('after', MORE)
    .action(async (options: DoctorOptions) => {
      process.exitCode = await (await import('./doctor.ts')).doctor(dependencies, options);
    });
}
