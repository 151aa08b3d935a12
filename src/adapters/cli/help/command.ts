import { Command } from 'commander';
import { UsageError } from '../run-command.ts';

/** Commander's own `help` prints the whole help, without a message, if the command is unknown. */
export function helpCommand(program: Command): Command {
  return new Command('help')
    .description('print the help of a command')
    .argument('[command...]', 'such as: migrate status')
    .action(async (names: readonly string[]) => {
      let found = program;
      for (const name of names) {
        const next = found.commands.find((command) => command.name() === name);
        if (next === undefined && found.commands.length === 0) {
          throw new UsageError(`${found.name()} has no commands of its own`);
        }
        // Parsing the name alone fails as it does elsewhere, with a guess.
        if (next === undefined) await found.parseAsync(['--', name], { from: 'user' });
        found = next ?? found;
      }
      found.help();
    });
}
