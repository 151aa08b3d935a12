import { Command, CommanderError } from 'commander';
import { EXIT_CONFIG, EXIT_FAULT, EXIT_PIPE, EXIT_USAGE, report, runCommand } from './run-command.ts';
import { backupCommand } from './backup/command.ts';
import { copyCommand } from './copy/command.ts';
import type { CommandDependencies } from './dependencies.ts';
import { doctorCommand } from './doctor/command.ts';
import { exportCommand } from './export/command.ts';
import { helpCommand } from './help/command.ts';
import { importCommand } from './import/command.ts';
import { migrateCommand } from './migrate/command.ts';
import { purgeCommand } from './purge/command.ts';
import { restoreCommand } from './restore/command.ts';
import { redactCommand } from './redact/command.ts';
import { reindexCommand } from './reindex/command.ts';
import { sendCommand } from './send/command.ts';
import { serveCommand } from './serve.ts';
import { signCommand } from './sign/command.ts';
import { verifyCommand } from './verify/command.ts';

/**
 * All commands of `webhook-inbox`. Definitions only: a command loads its code, and everything that it needs, when it runs, so
 * that help is fast.
 */
export function program(dependencies: CommandDependencies): Command {
  const { packageInfo } = dependencies;
  const all = new Command('webhook-inbox')
    .description(packageInfo.description)
    .version(packageInfo.version, '-v, --version', 'print the version')
    .addCommand(serveCommand(dependencies))
    .addCommand(signCommand(dependencies))
    .addCommand(sendCommand(dependencies))
    .addCommand(verifyCommand(dependencies))
    .addCommand(doctorCommand(dependencies))
    .addCommand(migrateCommand(dependencies))
    .addCommand(copyCommand(dependencies))
    .addCommand(purgeCommand(dependencies))
    .addCommand(backupCommand(dependencies))
    .addCommand(restoreCommand(dependencies))
    .addCommand(redactCommand(dependencies))
    .addCommand(reindexCommand(dependencies))
    .addCommand(exportCommand(dependencies))
    .addCommand(importCommand(dependencies))
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Settings come from environment variables, and from .env in the working directory: see "webhook-inbox serve --help".
Secrets are read only from there, because every user of a machine can see the arguments of a command.

--json prints one JSON object in every case: ok, and error with message (and faults, for a configuration) if ok is false.

Exit status: 0 done, ${String(EXIT_FAULT)} a fault or a rejected request, ${String(EXIT_USAGE)} unknown arguments, ${String(EXIT_CONFIG)} an invalid configuration, 130 stopped by Ctrl-C, 129 or 143 by SIGHUP or SIGTERM.`,
    );
  all.addCommand(helpCommand(all));
  inherit(all);
  return all;
}

/** Commander passes settings only to commands that it creates itself. */
function inherit(command: Command): void {
  const usage = command.createHelp().commandUsage(command);
  command
    .exitOverride()
    .helpOption('-h, --help', 'print this')
    .configureOutput({
      outputError(text, write) {
        write(withoutValue(text));
      },
    })
    .showHelpAfterError(`\nUsage: ${usage}\nSee "${usage.replace(/ [[<].*$/, '')} --help".`);
  for (const one of command.commands) inherit(one);
}

/** An argument may be a password or a phone number, and errors end up in logs. */
function withoutValue(error: string): string {
  return error
    .replace(/^(error: unknown option '-[^'=]*)=.*'$/m, "$1'")
    .replace(/^(error: option '[^']*') argument '[^]*' is invalid\./, '$1 is invalid.')
    .replace(/^(error: too many arguments [^:]*): [^]*$/, '$1.\n');
}

/** Runs a command to its exit status. */
export async function runCommandLine(argv: readonly string[], dependencies: CommandDependencies): Promise<void> {
  process.stdout.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
    // The reader closed the pipe, as `| head` does. The status reports that it may lack a part of the output.
    if (code === 'EPIPE') process.exit(EXIT_PIPE);
    process.stderr.write(`standard output cannot be written: ${code}\n`);
    process.exit(EXIT_FAULT);
  });
  process.stderr.on('error', () => undefined); // the terminal is gone; what is under way must still be cleaned up
  const json = asksForJson(argv);
  await runCommand(async () => {
    try {
      await program(dependencies).parseAsync(argv);
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return 0;
      const failure = { status: EXIT_USAGE, message: messageOf(error) };
      report({ result: {}, words: [], failure }, json); // Commander has printed it for people
    }
    return undefined; // the command has set the status
  }, json);
}

/** Whether the option is given, also to a command line that cannot be understood. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

function messageOf({ code, message }: CommanderError): string {
  if (code === 'commander.help') return 'a command is missing';
  return withoutValue(message)
    .replace(/^error: /, '')
    .trim();
}
