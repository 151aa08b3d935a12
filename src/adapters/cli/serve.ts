import { Command } from 'commander';
import { variablesHelp } from '../../infrastructure/config/variables-help.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('take webhooks and answer reads, until SIGTERM or SIGINT')
    .addHelpText('after', () => `\n${variablesHelp()}\n\nExample:\n  webhook-inbox serve`)
    .action(async () => {
      const { serve } = await import('../../infrastructure/serve.ts');
      await serve();
    });
}
