import type { Logger } from '../application/ports/telemetry.ts';
import { EXIT_FAULT } from '../adapters/cli/run-command.ts';
import { jsonLogger } from '../adapters/telemetry/logging/json-logger.ts';
import { logDestination } from '../adapters/telemetry/logging/log-destination.ts';
import { composeService, type Service } from './compose.ts';
import { inheritedSocket, loadConfig } from './config/config.ts';
import { endProcess, watchThreads } from './process/end-process.ts';
import { migrateInThread } from './process/migrate-in-thread.ts';
import { packageInfo } from './package-info.ts';
import { servedProviders, warnAtStart } from './process/start-warnings.ts';
import type { StopRequests } from './process/stop-requests.ts';

/** How long a stop may take beyond the shutdown delay and the shutdown timeout: storing, closing the database, the last traces. */
const CLOSING_MS = 2_000;
/** How long the last log lines may wait for a reader that does not read. */
const LAST_LINES_MS = 1_000;

/** Faults that nobody caught. */
const FAULTS = [
  ['uncaughtException', 'uncaught fault'],
  ['unhandledRejection', 'unhandled rejection'],
] as const;

interface State {
  /** null until it can be stopped in order. */
  service: Service | null;
  isStopping: boolean;
  /** The last lines are being written. */
  isEnding: boolean;
}

/**
 * Serves until a stop is requested, and then ends the process. Resolves when the service listens; rejects with a ConfigError before
 * anything has started. Every other fault is logged and ends the process with status 1.
 */
export async function serve(requests: StopRequests): Promise<void> {
  watchThreads();
  const { config, remarks } = loadConfig();
  const socket = inheritedSocket();
  const log = logDestination((lines) => {
    logger.warn('log lines were dropped: the reader of the log is too slow', { lines });
  });
  const logger: Logger = jsonLogger(config.logLevel, log.stream);
  const state: State = { service: null, isStopping: false, isEnding: false };
  const exit = async (status: number, isIdle = false): Promise<never> => {
    if (!state.isEnding) {
      state.isEnding = true;
      await log.flush(LAST_LINES_MS);
      endProcess(status, isIdle);
    }
    return new Promise(() => undefined); // the caller must not continue
  };

  const fail = (what: string) => (error: unknown) => {
    const { name, code, message, stack } =
      error instanceof Error
        ? (error as NodeJS.ErrnoException)
        : (new Error(`not an error: ${String(error)}`) as NodeJS.ErrnoException);
    if (!state.isEnding) logger.error(what, { error: { name, code, message, stack } });
    return exit(EXIT_FAULT);
  };
  for (const [event, what] of FAULTS) process.on(event, (error) => void fail(what)(error));

  requests.onRequest((signal) => {
    if (state.isStopping) return void exit(EXIT_FAULT); // a second signal ends the process at once
    state.isStopping = true;
    logger.info('stopping', { signal });
    if (state.service === null) {
      // Nothing was accepted yet, and a migration is all or nothing.
      logger.info('stopped', { requests_cut_off: false });
      return void exit(0);
    }
    let step = 'requests';
    const giveUp = (): Promise<never> => {
      if (!state.isEnding) {
        logger.error('stopped before everything was finished: the shutdown took too long', { unfinished: step });
      }
      return exit(EXIT_FAULT);
    };
    setTimeout(() => void giveUp(), config.shutdownDelayMs + config.shutdownTimeoutMs + CLOSING_MS);
    state.service
      .stop((next) => (step = next))
      .then((finished) => {
        if (!finished && step === 'commits') return giveUp();
        if (!state.isEnding) logger.info('stopped', { requests_cut_off: !finished });
        return exit(finished ? 0 : EXIT_FAULT, true);
      })
      .catch(fail('could not stop in order'));
  });

  for (const remark of remarks) logger.warn(`configuration: ${remark}`);
  const couldNotStart = fail('could not start');
  const service = await composeService(config, logger, { migrate: migrateInThread }).catch(couldNotStart);
  state.service = service;
  const { address, port } = await service.start(socket).catch(couldNotStart);
  if (state.isStopping) return;
  warnAtStart(config, address, logger);
  logger.info('listening', {
    version: packageInfo.version,
    address,
    port,
    providers: servedProviders(config),
    startup_ms: Math.round(performance.now()),
  });
}
