import { existsSync } from 'node:fs';
import { ConfigError } from '../../adapters/cli/settings.ts';
import type { ProvidersSettings } from '../../adapters/providers/registry.ts';
import { PROVIDER_VARIABLES } from './provider-variables.ts';
import type { Variable } from './variable.ts';
import { VARIABLES } from './variables.ts';

/** The parsed value of each variable. */
export type Config = {
  readonly [K in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[K]['parse']>;
} & { readonly providers: ProvidersSettings };

/** Loads `.env` from the working directory, if it exists, into the environment. Variables that are already set keep their values. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/** Reads the configuration from environment variables; an empty variable counts as not set. Throws a ConfigError. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const faults: string[] = [];
  const read = ({ name, fallback, parse }: Variable<unknown>): unknown => {
    try {
      return parse(environment[name] === '' ? fallback : (environment[name] ?? fallback));
    } catch (error) {
      faults.push(`${name} ${error instanceof Error ? error.message : 'is not valid'}`);
      return undefined;
    }
  };
  const readAll = (variables: Readonly<Record<string, Variable<unknown>>>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(variables).map(([key, variable]) => [key, read(variable)]));
  const providers = Object.fromEntries(
    PROVIDER_VARIABLES.map(({ name, secrets, options }) => [
      name,
      { secrets: readAll(secrets), options: readAll(options) },
    ]),
  );
  const config = { providers, ...readAll(VARIABLES) } as unknown as Config;
  const { maxBodyBytes, maxBufferedBytes } = config;
  if (maxBufferedBytes < maxBodyBytes) faults.push('MAX_BUFFERED_BYTES must be at least MAX_BODY_BYTES');
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** The first file descriptor that a service manager passes; 0 to 2 are the standard streams. */
const FIRST_INHERITED = 3;

/**
 * The file descriptor of the socket that a service manager holds open for this process (systemd's socket activation); undefined
 * without one. Throws a ConfigError if there are several, because the right one cannot be guessed.
 */
export function inheritedSocket(
  environment: NodeJS.ProcessEnv = process.env,
  pid: number = process.pid,
): number | undefined {
  // Another pid: the socket is meant for a parent process that passed its environment to this one.
  if (environment['LISTEN_PID'] !== String(pid)) return undefined;
  if (environment['LISTEN_FDS'] !== '1') throw new ConfigError(['LISTEN_FDS must be 1: this service has one socket']);
  return FIRST_INHERITED;
}

/** The purpose and the default of each variable. */
export function describeVariables(): { name: string; fallback: string; help: string }[] {
  const ofProviders = PROVIDER_VARIABLES.flatMap(({ secrets, options }) => [
    ...Object.values(secrets),
    ...Object.values(options),
  ]);
  return [...ofProviders, ...Object.values(VARIABLES)].map(({ name, fallback, help }) => ({ name, fallback, help }));
}

/** The environment that another program needs to find its files and PostgreSQL, without our secrets. */
export function programEnvironment(): Record<string, string> {
  const passed = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(PATH|HOME|LANG|TZ|TMPDIR|LC_\w+|PG\w+)$/.test(entry[0]),
  );
  return Object.fromEntries(passed);
}

/** Whether the terminal cannot move its cursor. Without TERM, nothing is known about it. */
export function isDumbTerminal(environment: NodeJS.ProcessEnv = process.env): boolean {
  return ['', 'dumb'].includes(environment['TERM'] ?? '');
}
