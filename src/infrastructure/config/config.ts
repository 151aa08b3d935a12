import { existsSync } from 'node:fs';
import { ConfigError } from '../../adapters/cli/settings.ts';
import { VARIABLES } from './variables.ts';

/** What each of the variables is parsed to. */
export type Config = {
  readonly [K in keyof typeof VARIABLES]: ReturnType<(typeof VARIABLES)[K]['parse']>;
};

/** Reads `.env` in the working directory, where there is one, into the environment; what is set there already stays. */
export function loadEnvFile(): void {
  if (existsSync('.env')) process.loadEnvFile('.env');
}

/** The configuration from environment variables; an empty one counts as not set. Throws ConfigError. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const faults: string[] = [];
  const config = Object.entries(VARIABLES).map(([key, { name, fallback, parse }]) => {
    try {
      return [key, parse(environment[name] === '' ? fallback : (environment[name] ?? fallback))];
    } catch (error) {
      faults.push(`${name} ${error instanceof Error ? error.message : 'is not valid'}`);
      return [key, undefined];
    }
  });
  const { maxBodyBytes, maxBufferedBytes } = Object.fromEntries(config) as Config;
  if (maxBufferedBytes < maxBodyBytes) faults.push('MAX_BUFFERED_BYTES must be at least MAX_BODY_BYTES');
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.fromEntries(config) as Config;
}

/** The first that a service manager hands over; 0 to 2 are standard input and output. */
const FIRST_INHERITED = 3;

/**
 * The file descriptor of a socket that a service manager listens on for this process (systemd's socket activation); undefined
 * where there is none. Throws ConfigError when there are several: which one is meant is not for us to guess.
 */
export function inheritedSocket(
  environment: NodeJS.ProcessEnv = process.env,
  pid: number = process.pid,
): number | undefined {
  // Another pid: meant for a process above this one, which has passed its environment on.
  if (environment['LISTEN_PID'] !== String(pid)) return undefined;
  if (environment['LISTEN_FDS'] !== '1') throw new ConfigError(['LISTEN_FDS must be 1: this service has one socket']);
  return FIRST_INHERITED;
}

/** A line or two for each variable: what it is for and its default. */
export function describeVariables(): { name: string; fallback: string; help: string }[] {
  return Object.values(VARIABLES).map(({ name, fallback, help }) => ({ name, fallback, help }));
}

/** What another program needs to find its files and its way to PostgreSQL; none of our secrets. */
export function programEnvironment(): Record<string, string> {
  const passed = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && /^(PATH|HOME|LANG|TZ|TMPDIR|LC_\w+|PG\w+)$/.test(entry[0]),
  );
  return Object.fromEntries(passed);
}
