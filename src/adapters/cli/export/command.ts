import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { instant, phoneNumber } from '../options.ts';
import type { ExportOptions } from './export.ts';

const MORE = `
Of the database of DATABASE_URL, also from .env in the working directory, while the service runs. One JSON object a line, in UTF-8,
with all that is needed to make the same store again: states of messages that are not here; messages in their order with their
bodies, ids of deliveries, states and arrivals; then what was kept of unknown updates. docs/export-format.md has the
format. With --since, --until or --from only messages, and what belongs to them.

It reads page by page, not one instant: every message that was stored before it began is there exactly once, one that is stored
meanwhile may be. For one instant use "backup".

A file is written as <file>.partial and gets its name when it is whole; only its owner may read it. Ctrl-C, a full disk or a
lost database leave the partial file; --resume goes on after its last whole line, with the same filters. A message that was
stored since with an earlier instant than that line is not in it then.

Examples:
  webhook-inbox export inbox.ndjson
  webhook-inbox export inbox.ndjson --resume
  webhook-inbox export --since 2026-01-01T00:00:00Z - | gzip > since-january.ndjson.gz

Exit status: 0 done, 1 a fault or the file is there already, 64 unknown arguments, 78 a configuration that is not valid,
130 or 143 stopped by SIGINT or SIGTERM, 141 whoever read the lines is gone.`;

export function exportCommand(dependencies: CommandDependencies): Command {
  return new Command('export')
    .description('all messages, or some, as lines of JSON')
    .argument('[file]', 'where to write them; - is standard output, as is none', '-')
    .option('--since <instant>', 'messages sent at this instant or later', instant)
    .option('--until <instant>', 'messages sent before this instant', instant)
    .option('--from <number>', 'messages of this sender', phoneNumber)
    .option('--resume', 'go on with a file that was not finished')
    .option('--force', 'replace the file, and what is left of one that was not finished')
    .option('--json', 'the result as one JSON object, on stdout; on stderr where the lines go to stdout')
    .addHelpText('after', MORE)
    .action(async (file: string, options: ExportOptions) => {
      process.exitCode = await (await import('./export.ts')).exportLines(dependencies, file, options);
    });
}
