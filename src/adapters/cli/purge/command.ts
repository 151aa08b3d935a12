import { Command, InvalidArgumentError } from 'commander';
import { isMsisdn, type Msisdn } from '../../../domain/message.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { wholeNumber } from '../options.ts';
import type { PurgeOptions } from './purge.ts';

const MORE = `
Erases from the database of DATABASE_URL, beside the service, the messages whose ts and whose receipt are both before an instant,
with their bodies and statuses, and statuses as old of messages that never were here. Totals, statistics and searches are
right at every instant. Each transaction takes 250 messages and some ms, and the command rests for as long after it.

A provider may send a webhook again for 7 days, and an id that was erased is new: an instant after that needs --force.

Space. An SQLite file that this version made becomes shorter step by step; one from before keeps its size, and what is free
inside is used again. --compact writes the whole file anew at the end, which makes either as short as can be; writes wait meanwhile, and
webhooks that come are answered with 503 when that takes longer than 5 s, so that their senders try again. It needs as much free
disk as the file has, and once more where SQLITE_TMPDIR says (else TMPDIR, /var/tmp or /tmp). On PostgreSQL a plain VACUUM frees the space for what comes next; only VACUUM FULL or pg_repack
give it back to the system.

Ctrl-C stops between two transactions; the same command goes on.

Examples:
  webhook-inbox purge --before 90d --dry-run
  webhook-inbox purge --before 2025-01-01T00:00:00Z --keep 100000 --keep-from +14155550100

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 a configuration that is not valid, 130 or 143 stopped by SIGINT or
SIGTERM.`;

export function purgeCommand(dependencies: CommandDependencies): Command {
  return new Command('purge')
    .description('erase old messages for good, in small steps beside the service')
    .option('--before <when>', 'an RFC 3339 date-time with Z or an offset, or days ago such as 90d')
    .option('--keep <count>', 'the newest by their ts, which stay however old they are', wholeNumber(0), 0)
    .option('--keep-from <number>', 'a sender whose messages stay; may be given several times', numbers, [])
    .option('--dry-run', 'say what would go, and write nothing')
    .option('--compact', 'SQLite: write the file anew at the end; writes wait meanwhile')
    .option('--force', 'also what is so young that its provider may send it again')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (options: PurgeOptions) => {
      process.exitCode = await (await import('./purge.ts')).purge(dependencies, options);
    });
}

function numbers(value: string, given: readonly Msisdn[]): Msisdn[] {
  if (!isMsisdn(value)) throw new InvalidArgumentError('It takes a phone number: + and 1 to 15 digits.');
  return [...given, value];
}
