import module from 'node:module';
import { parseArgs } from 'node:util';
import { requireSupportedNode } from './node-version.ts';

// Before anything loads the SQLite addon, which crashes an older Node instead of saying so.
requireSupportedNode();
module.enableCompileCache(); // compiled code of the last start, where it can be kept: a third off the start
const { EXIT_CONFIG, EXIT_FAULT, EXIT_USAGE, runCommand, say } = await import('../adapters/cli/run-command.ts');
const { packageInfo } = await import('./package-info.ts');
const { variablesHelp } = await import('./config/variables-help.ts');

/** The service and nothing else, for containers and supervisors: `webhook-inbox serve` without a command line around it. */
const USAGE = `${packageInfo.name} ${packageInfo.version}
${packageInfo.description}

Usage: node dist/infrastructure/main.js [--help] [--version]

Serves until SIGTERM or SIGINT. ${variablesHelp()}

Exit status: 0 stopped when asked to, ${String(EXIT_FAULT)} a fault, ${String(EXIT_USAGE)} unknown arguments, ${String(EXIT_CONFIG)} a configuration that is not valid.
Everything else that this program can do: node dist/infrastructure/cli.js --help
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  });
  if (values.help) say([USAGE.trimEnd()]);
  else if (values.version) say([packageInfo.version]);
  else await (await import('./serve.ts')).serve();
  return undefined;
});
