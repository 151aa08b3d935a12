import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import type { ReindexOptions } from './reindex.ts';

const MORE = `
Builds the search index of the database of DATABASE_URL anew, beside the service and whatever state it is in: after an error that
names it, or an upgrade whose changes say so. Searches are right meanwhile.

SQLite: the index is emptied and filled again, 1,000 messages in a transaction. Until then a search looks through the texts that
are not in it yet, which for millions of messages may take longer than READ_TIMEOUT_MS: such a search is answered with 503. Stopped
by Ctrl-C, the service goes on by itself.

PostgreSQL: REINDEX CONCURRENTLY, which needs room for a second index. Searches use the old one until the new one is there, so
they are right only if the old one is: where it is damaged, drop index messages_by_trigram first, and all texts are read meanwhile.
Stopped, it may leave an index behind that is not valid; the next reindex drops it.

Example:
  webhook-inbox reindex

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 a configuration that is not valid, 130 or 143 stopped by SIGINT or
SIGTERM.`;

export function reindexCommand(dependencies: CommandDependencies): Command {
  return new Command('reindex')
    .description('build the search index anew beside the service')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (options: ReindexOptions) => {
      process.exitCode = await (await import('./reindex.ts')).reindex(dependencies, options);
    });
}
