import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { ReindexOptions } from './reindex.ts';

const MORE = `
Rebuilds the search index of the database of DATABASE_URL while the service runs, whatever is left of the index: run it if
readiness or doctor says that the index is damaged, or after an upgrade whose release notes require it. Searches stay correct
meanwhile.

SQLite: the index is emptied and filled again, 1,000 messages per transaction. Until then a search also reads the texts that
are not indexed yet. With millions of messages that may take longer than READ_TIMEOUT_MS: such a search gets 503. After
Ctrl-C the service fills the index by itself. If pages of the index are damaged so that they cannot be freed, the whole file is
rewritten without them; writes wait meanwhile, and the disk needs space for a second file.

PostgreSQL: REINDEX CONCURRENTLY, which needs space for a second index. Searches use the old index until the new one is
complete, so they are correct only if the old one is. If it is corrupt, drop the index messages_by_trigram first; searches
then read all texts. An interrupted run may leave an invalid index behind; the next run drops it.

Example:
  webhook-inbox reindex

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.`;

export function reindexCommand(dependencies: CommandDependencies): Command {
  return new Command('reindex')
    .description('rebuild the search index while the service runs')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(
      reporting(async (options: ReindexOptions) => (await import('./reindex.ts')).reindex(dependencies, options)),
    );
}
