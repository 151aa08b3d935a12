import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { instant, phoneNumber } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { ExportOptions } from './export.ts';

const MORE = `
Exports the database of DATABASE_URL, also from .env in the working directory, while the service runs. The output is one
JSON object per line, in UTF-8, with everything that is needed to build the same store again: statuses of messages that
are not stored; messages in their order with bodies, delivery ids, statuses and times of receipt; then kept unknown
updates. docs/export-format.md describes the format. With --since, --until or --from only messages are exported, with what
belongs to them.

The export reads page by page and is not a snapshot: it contains every message that was stored before it began exactly
once, and may contain later ones. For a snapshot use "backup".

A file is written as <file>.partial and gets its name when it is complete. Only its owner may read it. Ctrl-C, a full disk
or an unavailable database leave the partial file; --resume continues after its last complete line, with the same filters.
It then misses messages that were stored since with an earlier time than that line.

Examples:
  webhook-inbox export inbox.ndjson
  webhook-inbox export inbox.ndjson --resume
  webhook-inbox export --since 2026-01-01T00:00:00Z - | gzip > since-january.ndjson.gz

Exit status: 0 done, 1 a fault or an existing file, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143 stopped
by SIGHUP, SIGINT or SIGTERM, 141 the reader of the output is gone.`;

export function exportCommand(dependencies: CommandDependencies): Command {
  return new Command('export')
    .description('export all or some messages as lines of JSON')
    .argument('[file]', 'where to write the lines; - or no file means standard output', '-')
    .option('--since <instant>', 'messages sent at this instant or later', instant)
    .option('--until <instant>', 'messages sent before this instant', instant)
    .option('--from <number>', 'messages of this sender', phoneNumber)
    .option('--resume', 'continue an unfinished file')
    .option('--force', 'replace an existing file, and the remains of an unfinished one')
    .option('--json', 'print the result as one JSON object, on stderr if the lines go to stdout')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string, options: ExportOptions) =>
        (await import('./export.ts')).exportLines(dependencies, file, options),
      ),
    );
}
