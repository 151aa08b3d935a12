import { Command, InvalidArgumentError } from 'commander';
import { isMsisdn, type Msisdn } from '../../../domain/message.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { reporting } from '../run-command.ts';
import type { RedactOptions } from './redact.ts';

const MORE = `
Permanently deletes one person's data from the database of DATABASE_URL while the service runs: all messages from and to a
number, with their statuses and bodies; statuses of unknown messages whose id contains the number, as WhatsApp's do in
base64; bodies of other updates, and excerpts of rejected webhooks, that contain the number. A body that also delivered
other people's messages is erased, but their messages stay. Other people's texts that contain the number stay, too; the
result says how many. It does not find a number that is written with spaces, brackets or dashes, or without its country code,
as in "+1 415 555 0100" or "(415) 555-0100", in the body of an update that is no message. Without --yes the command shows what would be erased and asks. Its output contains at most the last
four digits of the number.

SQLite: erased bytes are overwritten, the search index is merged, the file is rewritten, because unused parts of pages hold
copies, and the log is truncated. In the end the files are searched for the number, where a number with more digits beside it
is another one: "left nothing" means that only other people's messages contain it, if any. Writes wait while the file is
rewritten: webhooks get 503 if that takes longer than 5 s, and their senders retry. It needs as much free disk space as
the file has, and the same again in SQLITE_TMPDIR (else TMPDIR, /var/tmp or /tmp). --no-compact does not rewrite the file,
so that copies may remain in it.

PostgreSQL: VACUUM frees the space of the rows, and ANALYZE rebuilds the planner's statistics, which contain values of rows;
the statistics of an empty table stay. Bytes remain in free space until it is used again (VACUUM FULL rewrites a table), and
in the write-ahead log and its archive until those expire.

Both: every earlier backup contains the erased data, and logs of proxies and providers may. Whatever a provider sends again
afterwards, as some do for 7 days, is stored again: run the command again then.

Examples:
  webhook-inbox redact --from +14155550100 --dry-run
  webhook-inbox redact --from +14155550100 --yes

Exit status: 0 done, 1 a fault or the answer was no, 64 unknown arguments, 78 an invalid configuration, 129, 130 or 143 stopped
by SIGHUP, SIGINT or SIGTERM: the same command resumes the work.`;

export function redactCommand(dependencies: CommandDependencies): Command {
  return new Command('redact')
    .description("permanently delete one person's data: all messages from and to a number, and whatever contains it")
    .requiredOption('--from <number>', 'the number, as +14155550100', number)
    .option('--dry-run', 'print what would be erased, and write nothing')
    .option('--yes', 'do not ask')
    .option('--no-compact', 'SQLite: do not rewrite the file; copies may remain in its unused parts')
    .option('--json', 'print the result as one JSON object')
    .addHelpText('after', MORE)
    .action(reporting(async (options: RedactOptions) => (await import('./redact.ts')).redact(dependencies, options)));
}

function number(value: string): Msisdn {
  if (!isMsisdn(value)) throw new InvalidArgumentError('It takes a phone number: + and 1 to 15 digits.');
  return value;
}
