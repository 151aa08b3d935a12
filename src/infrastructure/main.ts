import module from 'node:module';
import { parseArgs } from 'node:util';
import { requireSupportedNode } from './node-version.ts';
import { stopRequests } from './process/stop-requests.ts';

const requests = stopRequests();
// Before anything loads the SQLite addon, which crashes an older Node without a message.
requireSupportedNode();
module.enableCompileCache(); // reuses compiled code: the start takes a third less time
const { EXIT_CONFIG, EXIT_FAULT, EXIT_USAGE, runCommand, say } = await import('../adapters/cli/run-command.ts');
const { packageInfo } = await import('./package-info.ts');
const { variablesHelp } = await import('./config/variables-help.ts');

/** The service only, for containers and supervisors: `webhook-inbox serve` without the command line around it. */
const USAGE = `${packageInfo.name} ${packageInfo.version}
${packageInfo.description}

Usage: node dist/infrastructure/main.js [--help] [--version]

Serves until SIGTERM, SIGINT or SIGHUP. ${variablesHelp()}

Exit status: 0 stopped on request, ${String(EXIT_FAULT)} a fault, ${String(EXIT_USAGE)} unknown arguments, ${String(EXIT_CONFIG)} invalid configuration.
All other commands: node dist/infrastructure/cli.js --help
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  });
  if (values.help) say([USAGE.trimEnd()]);
  else if (values.version) say([packageInfo.version]);
  else await (await import('./serve.ts')).serve(requests);
  return undefined;
});
