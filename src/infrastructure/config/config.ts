import { ConfigError } from '../../adapters/cli/settings.ts';
import type { ProvidersSettings } from '../../adapters/providers/registry.ts';
import { readEnvFile } from './env-file/read.ts';
import { foreignName, misspelt } from './foreign-names.ts';
import { sslModeFault } from './postgres-url.ts';
import { PROVIDER_VARIABLES } from './provider-variables.ts';
import { placeFault } from './sqlite-path.ts';
import type { Variable } from './variable.ts';
import { VARIABLES } from './variables.ts';

/** The parsed value of each variable. */
export type Config = {
  readonly [K in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[K]['parse']>;
} & { readonly providers: ProvidersSettings };

/** A configuration, and what in it has no effect and should be said once. */
export interface LoadedConfig {
  readonly config: Config;
  /** Sentences without a subject's value, such as `.env line 3 sets FOO, which is no setting of this service`. */
  readonly remarks: readonly string[];
}

/** Faults of `.env` that are listed; a file that is no text at all has one in each line. */
const MAX_FILE_FAULTS = 20;

/**
 * Reads the configuration from the environment, and from `.env` in the working directory if that exists. A variable of the
 * environment takes precedence unless it is empty. All of `.env` is set in the environment of this process, because some libraries read it there.
 * Throws a ConfigError with the faults of both.
 */
export function loadConfig(): LoadedConfig {
  const names = describeVariables().map(({ name }) => name);
  const surrounding = Object.keys(process.env).flatMap((name) => {
    const meant = misspelt(name, names);
    return meant === null ? [] : [`the environment sets ${name}, which is no setting: did you mean ${meant}?`];
  });
  const { faults, remarks } = applyEnvFile(names);
  const read = tryConfig(process.env);
  const { database } = read.config;
  const place =
    faults.length + read.faults.length === 0 && database.engine === 'sqlite' ? placeFault(database.file) : null;
  const all = [...faults, ...read.faults, ...(place === null ? [] : [`DATABASE_URL ${place}`])];
  if (all.length > 0) throw new ConfigError(all);
  return { config: read.config, remarks: [...remarks, ...surrounding] };
}

function applyEnvFile(names: readonly string[]): { faults: readonly string[]; remarks: readonly string[] } {
  const { assignments, faults } = readEnvFile((name) => names.includes(name));
  const [wrong, remarks] = [faults.map(({ line, reason }) => ({ line, reason })), [] as string[]];
  const lines = new Map<string, number>();
  for (const { name, line } of assignments) {
    const foreign = foreignName(name, names);
    if (foreign?.is === 'fault') wrong.push({ line, reason: foreign.text });
    else if (foreign !== null) remarks.push(`.env line ${String(line)} ${foreign.text}`);
    const before = lines.get(name);
    if (before !== undefined) remarks.push(`.env line ${String(line)} replaces ${name} of line ${String(before)}`);
    lines.set(name, line);
  }
  // The last one of a name counts, even if it is empty.
  const values = new Map(assignments.map(({ name, value }) => [name, value]));
  for (const [name, value] of values) if ((process.env[name] ?? '') === '') process.env[name] = value;
  const said = wrong
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ line, reason }) => `.env ${line === null ? '' : `line ${String(line)} `}${reason}`);
  const more = said.length - MAX_FILE_FAULTS;
  return {
    faults: more > 0 ? [...said.slice(0, MAX_FILE_FAULTS), `.env has ${String(more)} more such lines`] : said,
    remarks,
  };
}

/** Reads the configuration from environment variables; an empty variable counts as not set. Throws a ConfigError. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const { config, faults } = tryConfig(environment);
  if (faults.length > 0) throw new ConfigError(faults);
  return config;
}

/** With faults, some values of the configuration are undefined. */
function tryConfig(environment: NodeJS.ProcessEnv): { config: Config; faults: readonly string[] } {
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
  const { database } = config as Partial<Config>;
  const tls = database?.engine === 'postgres' ? sslModeFault(database.url, environment['PGSSLMODE']) : null;
  if (tls !== null) faults.push(tls);
  return { config, faults };
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
