import { Command } from 'commander';
import { descriptorOf, PROVIDER_NAMES } from '../../providers/registry.ts';
import type { CommandDependencies } from '../dependencies.ts';
import { httpUrl, providerOption, wholeNumber } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { SignOptions } from './sign.ts';

const SECRETS = PROVIDER_NAMES.map((name) => descriptorOf(name).secret.name);

const MORE = `
Signs the bytes as they are, with the current secret of the provider, from the environment or .env:
${SECRETS.slice(0, -1).join(', ')} or ${SECRETS.at(-1) ?? ''}.
Twilio signs the address, too: PUBLIC_URL, or HOST and PORT, with /webhooks/twilio, unless --url says otherwise.

Examples:
  webhook-inbox sign message.json
  echo -n '{"message_id":"m1"}' | webhook-inbox sign
  webhook-inbox sign --provider standard --id msg_1 --timestamp 1736935200 message.json
  webhook-inbox sign --curl message.json | sh

Exit status: 0 signed, 1 a fault, 64 unknown arguments, 78 no secret or a configuration that is not valid.`;

export function signCommand(dependencies: CommandDependencies): Command {
  return new Command('sign')
    .description('print the headers that a body is to be sent with')
    .argument('[file]', 'the body; standard input for - or none')
    .addOption(providerOption())
    .option('--id <id>', 'standard: the webhook-id (default: a random one)')
    .option('--timestamp <seconds>', 'standard: the webhook-timestamp, in Unix time (default: now)', wholeNumber(0))
    .option('--url <url>', 'where it is sent to, which twilio signs; without a path that of the provider', httpUrl)
    .option('--curl', 'a curl command to paste instead of headers')
    .option('--json', 'one JSON object: provider, method, url, headers')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string | undefined, options: SignOptions) =>
        (await import('./sign.ts')).sign(dependencies, file, options),
      ),
    );
}
