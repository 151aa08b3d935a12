import { Command, InvalidArgumentError } from 'commander';
import { isMsisdn, type Msisdn } from '../../../domain/message.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { wholeNumber } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { PurgeOptions } from './purge.ts';

const MORE = `
Permanently deletes old messages from the database of DATABASE_URL while the service runs: those whose ts and whose time of
receipt are both before an instant, with their bodies and statuses, and equally old statuses of unknown messages. Totals,
statistics and searches stay exact at every instant. Each transaction erases up to 250 messages and takes some ms; the
command then pauses for the same time.

A provider may send a webhook again for 7 days, and would store an erased message again: an instant in the last 7 days
requires --force.

Space. An SQLite file that this version created shrinks step by step; an older file keeps its size, and its free space is
used again. --compact rewrites the whole file in the end, which makes either as small as possible. Writes wait meanwhile,
and webhooks get 503 if that takes longer than 5 s, so that their senders retry. It needs as much free disk space as the
file has, and the same again in SQLITE_TMPDIR (else TMPDIR, /var/tmp or /tmp). On PostgreSQL a plain VACUUM frees the
space for new rows; only VACUUM FULL or pg_repack return it to the system.

Ctrl-C stops between two transactions; the same command resumes the purge.

Examples:
  webhook-inbox purge --before 90d --dry-run
  webhook-inbox purge --before 2025-01-01T00:00:00Z --keep 100000 --keep-from +14155550100

Exit status: 0 done, 1 a fault, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.`;

export function purgeCommand(dependencies: CommandDependencies): Command {
  return new Command('purge')
    .description('permanently delete old messages while the service runs')
    .option('--before <when>', 'an RFC 3339 date-time with Z or an offset, or days ago such as 90d')
    .option('--keep <count>', 'how many of the newest messages by ts to keep, whatever their age', wholeNumber(0), 0)
    .option('--keep-from <number>', 'a sender whose messages to keep; may be repeated', numbers, [])
    .option('--dry-run', 'print what would be erased, and write nothing')
    .option('--compact', 'SQLite: rewrite the file in the end; writes wait meanwhile')
    .option('--force', 'also erase messages that their provider may still send again')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(reporting(async (options: PurgeOptions) => (await import('./purge.ts')).purge(dependencies, options)));
}

function numbers(value: string, given: readonly Msisdn[]): Msisdn[] {
  if (!isMsisdn(value)) throw new InvalidArgumentError('It takes a phone number: + and 1 to 15 digits.');
  return [...given, value];
}
