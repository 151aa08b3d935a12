import { Command } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { httpUrl, positiveNumber, providerOption, wholeNumber } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { SendOptions } from './send.ts';

const MORE = `
Signs each body as the provider would, with the secret from the environment or .env, and sends it to the running service:
sending again is always safe. A body of several lines is JSON Lines, one message a line, unless all of it together is one JSON
document. Without a file, --count sends that many sample messages with ids of their own, and on a terminal it is one;
with a file, or - for standard input, --count repeats it.

503, 429 and a lost connection are tried again, after Retry-After where there is one. Ctrl-C finishes the requests under
way and sums up; a second one ends at once.

Examples:
  webhook-inbox send messages.jsonl
  webhook-inbox send --count 1000 --rate 200
  webhook-inbox send --provider whatsapp --whole notification.json
  generate | webhook-inbox send --url https://inbox.example.com --json

Exit status: 0 all were accepted (also duplicates and conflicts), 1 some were refused or a fault, 64 unknown arguments,
78 no secret or a configuration that is not valid, 129, 130 or 143 stopped by SIGHUP, SIGINT or SIGTERM.`;

export function sendCommand(dependencies: CommandDependencies): Command {
  return new Command('send')
    .description('send one or many bodies, signed, to the running service')
    .argument('[file]', 'JSON Lines, or one body; standard input for -, or if it is missing without --count')
    .addOption(providerOption())
    .option('--url <url>', 'the service; without a path that of the provider (default: HOST and PORT)', httpUrl)
    .option('--whole', 'the input is one body, byte for byte')
    .option('--count <n>', 'how many sample messages, or how often the file', wholeNumber(1))
    .option('--rate <n>', 'how many a second at most (default: as fast as it goes)', positiveNumber)
    .option('--concurrency <n>', 'how many requests at a time', wholeNumber(1), 8)
    .option('--retries <n>', 'how often one message is tried again', wholeNumber(0), 5)
    .option('--json', 'the summary as one JSON object')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string | undefined, options: SendOptions) =>
        (await import('./send.ts')).send(dependencies, file, options),
      ),
    );
}
