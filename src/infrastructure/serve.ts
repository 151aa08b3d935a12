import type { Logger } from '../application/ports/telemetry.ts';
import { EXIT_FAULT } from '../adapters/cli/run-command.ts';
import { composeService } from './compose.ts';
import { inheritedSocket, loadConfig, type Config } from './config/config.ts';
import { isLoopback } from './listener.ts';
import { logDestination } from '../adapters/telemetry/logging/log-destination.ts';
import { jsonLogger } from '../adapters/telemetry/logging/json-logger.ts';
import { packageInfo } from './package-info.ts';

/**
 * Serves until SIGTERM or SIGINT, and then ends the process. Resolves when the service listens; rejects with a ConfigError before
 * anything has started. Every other fault is logged and ends the process with status 1.
 */
export async function serve(): Promise<void> {
  const { config, remarks } = loadConfig();
  const socket = inheritedSocket();
  const log = logDestination((lines) => {
    logger.warn('log lines were dropped: the reader of the log is too slow', { lines });
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
    return exit(EXIT_FAULT);
  };
  process.on('uncaughtException', fail('uncaught fault'));
  process.on('unhandledRejection', fail('unhandled rejection'));

  for (const remark of remarks) logger.warn(`configuration: ${remark}`);

  const couldNotStart = fail('could not start');
  const service = await composeService(config, logger).catch(couldNotStart);
  const { address, port } = await service.start(socket).catch(couldNotStart);

  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) exit(EXIT_FAULT); // a second signal ends the process at once
    stopping = true;
    logger.info('stopping', { signal });
    service.stop().then((finished) => {
      logger.info('stopped', { requests_cut_off: !finished });
      exit(finished ? 0 : EXIT_FAULT);
    }, fail('could not stop in order'));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);

  warnOfOpenDoors(config, address, logger);
  logger.info('listening', { version: packageInfo.version, address, port, startup_ms: Math.round(performance.now()) });
}

function warnOfOpenDoors(config: Config, address: string, logger: Logger): void {
  if (config.providers.webhook.secrets.current === undefined) {
    logger.warn('no webhook secret: every webhook is answered with 503 until WEBHOOK_SECRET is set');
  }
  if (config.readApiKeys.length === 0 && !isLoopback(address)) {
    logger.warn('anyone who reaches this address can read the messages: set READ_API_KEYS', { host: address });
  }
}
