import { Command } from 'commander';
import type { CommandDependencies } from './dependencies.ts';

export function serveCommand({ serve, variablesHelp }: CommandDependencies): Command {
  return new Command('serve')
    .description('accept webhooks and answer reads, until SIGTERM, SIGINT or SIGHUP')
    .addHelpText('after', () => `\n${variablesHelp()}\n\nExample:\n  webhook-inbox serve`)
    .action(serve);
}
