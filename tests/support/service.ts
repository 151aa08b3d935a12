import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { ConnectionLimits } from '../../src/adapters/http/node/connection-limits.ts';
import { composeService } from '../../src/infrastructure/compose.ts';
import { readConfig } from '../../src/infrastructure/config/config.ts';
import { jsonLogger } from '../../src/adapters/telemetry/logging/json-logger.ts';
import { MAIN } from './entry-points.ts';
import { httpClient, type HttpClient } from './http-client.ts';
import { leakWatch, type LeakWatch } from './leak-watch.ts';
import { LogLines } from './log-lines.ts';
import { migratedPostgresDatabase } from './postgres.ts';
import { onReceived } from './received-requests.ts';
import { temporaryFolder, writeNewestSchema } from './sqlite.ts';

export interface RunningService extends HttpClient {
  readonly url: string;
  readonly port: number;
  /** Its database, as in DATABASE_URL. */
  readonly databaseUrl: string;
  /** Checked for all secrets and for the confidential values of any client's requests. */
  readonly log: LogLines;
  /** Rejects if the log contained anything confidential. */
  stop(): Promise<boolean>;
}

export const SECRET = 'test-secret-123';

/** The first read waits for a thread to start, which takes seconds on a busy machine. */
const READ_TIMEOUT_MS = '60000';

/** A message on the wire. */
export const MESSAGE = {
  message_id: 'm1',
  from: '+1234567890',
  to: '+0987654321',
  ts: '2025-01-15T10:00:00Z',
  text: 'Hello',
};

/**
 * The whole service, composed like the process, on a free port of the loopback interface with a database of
 * its own.
 */
export async function startService(
  environment: Readonly<Record<string, string>> = {},
  limits: Partial<ConnectionLimits> = {},
): Promise<RunningService> {
  const database = await newDatabase();
  const settings = {
    WEBHOOK_SECRET: SECRET,
    DATABASE_URL: database.url,
    MIGRATE_ON_START: 'true',
    PORT: '0',
    SHUTDOWN_TIMEOUT_MS: '5000',
    READ_TIMEOUT_MS,
    ...environment,
  };
  const config = readConfig(settings);
  const watch = leakWatch();
  watch.secretsOf(settings);
  const log = new LogLines(watch);

  const service = await composeService(config, jsonLogger(config.logLevel, log), { limits });
  const { port } = await service.start();
  const url = `http://127.0.0.1:${String(port)}`;
  const stopListening = onReceived(port, watch.sent);
  const client = httpClient(url, config.providers.webhook.secrets.current ?? SECRET, watch.sent);

  return {
    ...client,
    url,
    port,
    databaseUrl: database.url,
    log,
    async stop() {
      const finished = await service.stop();
      stopListening();
      await database.close();
      log.throwLeaks();
      return finished;
    },
  };
}

/** Of the engine that this run of the tests is for. */
async function newDatabase(): Promise<{ url: string; close: () => Promise<void> }> {
  if (process.env['TEST_DATABASE'] === 'postgres') return migratedPostgresDatabase();
  const folder = await temporaryFolder();
  await writeNewestSchema(folder.file('app.db'));
  return { url: `sqlite:///${folder.file('app.db')}`, close: () => folder.remove() };
}

export interface ServiceProcess {
  readonly child: ChildProcess;
  readonly log: LogLines;
  /** Reports a request that another client sends. */
  readonly watch: LeakWatch;
  /** Resolves when it listens, with a client; rejects if it ends before. */
  readonly listening: Promise<HttpClient & { readonly port: number }>;
  /**
   * The status it ended with, or the signal, and its stderr. Rejects if stderr or the log contained anything
   * confidential.
   */
  readonly ended: Promise<{ status: number | NodeJS.Signals; stderr: string }>;
}

/**
 * The real process, with only this environment. Its working directory also contains its database.
 * @param main another copy of its entry
 * @param through a command that starts it with other rights
 * @param inherited its file descriptors from 3 on
 */
export function startProcess(
  folder: string,
  environment: Readonly<Record<string, string>> = {},
  main = MAIN,
  through: readonly string[] = [],
  inherited: readonly number[] = [],
): ServiceProcess {
  return startMain(main, folder, environment, through, inherited);
}

function startMain(
  main: string,
  folder: string,
  environment: Readonly<Record<string, string>>,
  through: readonly string[],
  inherited: readonly number[] = [],
): ServiceProcess {
  const env = { WEBHOOK_SECRET: SECRET, MIGRATE_ON_START: 'true', PORT: '0', READ_TIMEOUT_MS, ...environment };
  const [command, ...args] = [...through, process.execPath, main];
  // TypeScript knows the types of three streams, but not those of further ones.
  const child = spawn(command, args, {
    ...{ cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe', ...inherited] },
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const watch = leakWatch();
  watch.secretsOf(env);
  const log = new LogLines(watch);
  child.stdout.pipe(log);
  const ended = Promise.all([once(child, 'exit'), text(child.stderr), once(log, 'finish')]).then(
    ([[status, signal], stderr]) => {
      log.throwLeaks();
      const leaks = watch.leaksInText(stderr);
      if (leaks.length > 0) throw new Error(`on stderr, where it must not be: ${leaks.join(', ')}`);
      return { status: (status ?? signal) as number | NodeJS.Signals, stderr };
    },
  );

  async function client(): Promise<HttpClient & { port: number }> {
    const early = ended.then(({ status, stderr }) => {
      throw new Error(`ended with ${String(status)} before it listened: ${stderr}${log.text}`);
    });
    const record = await Promise.race([log.first(({ message }) => message === 'listening'), early]);
    early.catch(() => undefined);
    const port = Number(record['port']);
    return { port, ...httpClient(`http://127.0.0.1:${String(port)}`, env.WEBHOOK_SECRET, watch.sent) };
  }

  const listening = client();
  listening.catch(() => undefined); // for callers that await it later
  return { child, log, watch, listening, ended };
}
