import { Command, InvalidArgumentError } from 'commander';
import { isMsisdn, type Msisdn } from '../../../domain/message.ts';
import type { CommandDependencies } from '../dependencies.ts';
import type { RedactOptions } from './redact.ts';

const MORE = `
Erases from the database of DATABASE_URL, beside the service, all messages from a number and to it, with their statuses and
bodies; statuses of messages that never were here, when the id holds the number, as WhatsApp's do in base64; bodies of
updates that are no messages, and excerpts of refused webhooks, that name the number. A body that
brought other people's messages as well goes, and their messages stay; so do other people's texts that name the number: the
answer says how many. Without --yes it shows what would go and asks. Output holds the last four digits of the number at most.

SQLite: what goes is overwritten, the search index is merged, the file written anew, for unused parts of pages hold copies,
and the log cut to nothing. At the end the files are looked through for the number. Writes wait while the file is
written anew: webhooks that come are answered with 503 when that takes longer than 5 s, and their senders try again. It needs as
much free disk as the file has, and once more where SQLITE_TMPDIR says (else TMPDIR, /var/tmp or /tmp). --no-compact leaves it
out, and copies in the file.

PostgreSQL: VACUUM makes the rows' space free, and ANALYZE the planner's statistics anew, which hold values of rows; those of a
table that is empty stay. Bytes stay in free space until it is used again (VACUUM FULL writes a table anew), and in the write-ahead
log and its archive as long as those are kept.

Either: what was erased is in every backup that was made before, and may be in logs of proxies and providers. What a provider
sends again afterwards, as some do for 7 days, is new: run it again then.

Examples:
  webhook-inbox redact --from +14155550100 --dry-run
  webhook-inbox redact --from +14155550100 --yes

Exit status: 0 done, 1 a fault or a no, 64 unknown arguments, 78 a configuration that is not valid, 130 or 143 stopped by
SIGINT or SIGTERM: the same command goes on.`;

export function redactCommand(dependencies: CommandDependencies): Command {
  return new Command('redact')
    .description('erase one person: all messages from and to a number, and what else names it')
    .requiredOption('--from <number>', 'the number, as +14155550100', number)
    .option('--dry-run', 'say what would go, and write nothing')
    .option('--yes', 'do not ask')
    .option('--no-compact', 'SQLite: do not write the file anew; copies may stay in unused parts of it')
    .option('--json', 'the result as one JSON object on stdout')
    .addHelpText('after', MORE)
    .action(async (options: RedactOptions) => {
      process.exitCode = await (await import('./redact.ts')).redact(dependencies, options);
    });
}

function number(value: string): Msisdn {
  if (!isMsisdn(value)) throw new InvalidArgumentError('It takes a phone number: + and 1 to 15 digits.');
  return value;
}
