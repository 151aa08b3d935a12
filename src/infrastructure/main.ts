import module from 'node:module';
import { parseArgs } from 'node:util';
import type { Logger } from '../application/ports.ts';
import { requireSupportedNode } from './node-version.ts';

// Before anything loads the SQLite addon, which crashes an older Node instead of saying so.
requireSupportedNode();
module.enableCompileCache(); // compiled code of the last start, where it can be kept: a third off the start
const { EXIT_CONFIG, EXIT_FAULT, EXIT_USAGE } = await import('./command.ts');
const { ConfigError, describeVariables, loadEnvFile, readConfig } = await import('./config.ts');
const { composeService } = await import('./compose.ts');
const { logDestination } = await import('./log-destination.ts');
const { jsonLogger } = await import('./logger.ts');
const { packageInfo } = await import('./package-info.ts');

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

function usage(): string {
  const variables = describeVariables().map(
    ({ name, fallback, help }) => `  ${name}${fallback === '' ? '' : ` (default ${fallback})`}\n      ${help}`,
  );
  return `${packageInfo.name} ${packageInfo.version}
${packageInfo.description}

Usage: node dist/infrastructure/main.js [--help] [--version]

Serves until SIGTERM or SIGINT. Configured by environment variables, and by .env in the working directory:

${variables.join('\n')}

Exit status: 0 stopped when asked to, ${String(EXIT_FAULT)} a fault, ${String(EXIT_USAGE)} unknown arguments, ${String(EXIT_CONFIG)} a configuration that is not valid.
`;
}

function parseArguments(): { help: boolean; version: boolean } {
  try {
    const { values } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
    });
    return { help: values.help ?? false, version: values.version ?? false };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\nSee --help.\n`);
    process.exit(EXIT_USAGE);
  }
}

function configuration(): ReturnType<typeof readConfig> {
  try {
    loadEnvFile();
    return readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nSee --help.\n`);
    process.exit(EXIT_CONFIG);
  }
}

async function serve(): Promise<void> {
  const config = configuration();
  const log = logDestination((lines) => {
    logger.warn('log lines were dropped: whoever reads the log is too slow', { lines });
  });
  const logger: Logger = jsonLogger(config.logLevel, log.stream);
  const exit = (status: number): never => {
    log.flush();
    process.exit(status);
  };

  const fail = (what: string) => (error: unknown) => {
    const { name, code, message, stack } =
      error instanceof Error
        ? (error as NodeJS.ErrnoException)
        : (new Error(`not an error: ${String(error)}`) as NodeJS.ErrnoException);
    logger.error(what, { error: { name, code, message, stack } });
    exit(EXIT_FAULT);
  };
  process.on('uncaughtException', fail('uncaught fault'));
  process.on('unhandledRejection', fail('unhandled rejection'));

  const service = await composeService(config, logger);
  const { address, port } = await service.start();

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) exit(EXIT_FAULT); // asked twice: do not wait any longer
    stopping = true;
    logger.info('stopping', { signal });
    service.stop().then((finished) => {
      logger.info('stopped', { requests_cut_off: !finished });
      exit(finished ? 0 : EXIT_FAULT);
    }, fail('could not stop in order'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  if (config.webhookSecret === undefined) {
    logger.warn('no webhook secret: every webhook is answered with 503 until WEBHOOK_SECRET is set');
  }
  if (config.readApiKeys.length === 0 && !LOOPBACK.has(config.host)) {
    logger.warn('anyone who reaches this address can read the messages: set READ_API_KEYS', { host: config.host });
  }
  logger.info('listening', { version: packageInfo.version, address, port, startup_ms: Math.round(performance.now()) });
}

const { help, version } = parseArguments();
if (help) process.stdout.write(usage());
else if (version) process.stdout.write(`${packageInfo.version}\n`);
else await serve();
