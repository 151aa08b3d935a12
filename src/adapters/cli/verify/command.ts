import { Command, InvalidArgumentError } from 'commander';
import type { CommandDependencies } from '../dependencies.ts';
import { httpUrl, providerOption } from '../options.ts';
import { reporting } from '../run-command.ts';
import type { VerifyOptions } from './verify.ts';

const MORE = `
Says whether the service with this configuration (the environment and .env) would accept a body with these headers now, and
with which secret. If not, it says why, and which common mistake explains it. Nothing is sent or stored. The body must consist
of the received bytes, not of a copy that an editor changed.

Examples:
  webhook-inbox verify --header 'X-Signature: ff1016e5...' message.json
  webhook-inbox verify --provider twilio --url https://inbox.example.com/webhooks/twilio \\
    --header 'X-Twilio-Signature: RSOYDt4T...' form.txt

Exit status: 0 valid, 1 not valid, 64 unknown arguments, 78 a configuration that is not valid.`;

export function verifyCommand(dependencies: CommandDependencies): Command {
  return new Command('verify')
    .description('say whether the service would accept a body with these headers, or why not')
    .argument('[file]', 'the body; standard input for - or none')
    .addOption(providerOption())
    .option('-H, --header <line>', "a header as 'Name: value'; may be repeated", headerLine, [])
    .option('--url <url>', 'the address that was called, which twilio signs: sets Host and --target', httpUrl)
    .option('--target <target>', 'path and query that were called (default: those of --url, or of the provider)')
    .option('--json', 'one JSON object: valid, provider, secret or reason, diagnosis')
    .addHelpText('after', MORE)
    .action(
      reporting(async (file: string | undefined, options: VerifyOptions) =>
        (await import('./verify.ts')).verify(dependencies, file, options),
      ),
    );
}

function headerLine(line: string, earlier: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*?)\s*$/s.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It takes 'Name: value'.");
  return [...earlier, [name.toLowerCase(), value]];
}
