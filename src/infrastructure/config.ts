import { existsSync } from 'node:fs';
import { databaseLocation, type DatabaseLocation } from './database-location.ts';

export interface Config {
  readonly webhookSecret: string | undefined;
  readonly webhookSecretPrevious: string | undefined;
  readonly database: DatabaseLocation;
  readonly databasePoolSize: number;
  readonly databaseCommits: number;
  readonly migrateOnStart: boolean;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  readonly readApiKeys: readonly string[];
  readonly maxBatchMessages: number;
  readonly maxQueuedMessages: number;
  readonly readTimeoutMs: number;
  readonly maxQueuedReads: number;
  readonly shutdownDelayMs: number;
  readonly shutdownTimeoutMs: number;
}

interface Variable<T> {
  readonly name: string;
  readonly fallback: string;
  readonly help: string;
  /** Throws an Error whose message says what the value must be, and never the value: it may be a secret. */
  readonly parse: (value: string) => T;
}

const LOG_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;
const MIN_READ_KEY_LENGTH = 16;
/** What an Authorization header can carry: RFC 9110, section 11.2, allows less, clients send this. */
const READ_KEY = new RegExp(`^[\\x21-\\x7e]{${String(MIN_READ_KEY_LENGTH)},}$`);

const VARIABLES: { readonly [K in keyof Config]: Variable<Config[K]> } = {
  webhookSecret: {
    name: 'WEBHOOK_SECRET',
    fallback: '',
    help: 'Secret that webhooks are signed with. Without one the service starts and answers webhooks with 503.',
    parse: optional,
  },
  webhookSecretPrevious: {
    name: 'WEBHOOK_SECRET_PREVIOUS',
    fallback: '',
    help: 'Secret that is accepted as well while a rotation is under way.',
    parse: optional,
  },
  database: {
    name: 'DATABASE_URL',
    fallback: 'sqlite:///./data/app.db',
    help: 'Where messages are kept: sqlite:/// and a path (four slashes begin an absolute one), or postgres://user:password@host/name.',
    parse: databaseLocation,
  },
  databasePoolSize: {
    name: 'DATABASE_POOL_SIZE',
    fallback: '10',
    help: 'PostgreSQL: connections for reading.',
    parse: (value) => integer(value, 1, 1_000),
  },
  databaseCommits: {
    name: 'DATABASE_COMMITS',
    fallback: '2',
    help: 'PostgreSQL: commits that may be under way at a time, each on a connection of its own.',
    parse: (value) => integer(value, 1, 100),
  },
  migrateOnStart: {
    name: 'MIGRATE_ON_START',
    fallback: 'false',
    help: 'Bring the schema up to date before serving: true or false.',
    parse: (value) => oneOf(value.toLowerCase(), { true: true, false: false }),
  },
  logLevel: {
    name: 'LOG_LEVEL',
    fallback: 'INFO',
    help: 'Least severe log level to write: DEBUG, INFO, WARNING or ERROR.',
    parse: (value) => oneOf(value.toUpperCase(), LOG_LEVELS),
  },
  host: { name: 'HOST', fallback: '127.0.0.1', help: 'Address to listen on.', parse: (value) => value },
  port: {
    name: 'PORT',
    fallback: '8000',
    help: 'Port to listen on; 0 takes a free one and logs it.',
    parse: (value) => integer(value, 0, 65_535),
  },
  maxBodyBytes: {
    name: 'MAX_BODY_BYTES',
    fallback: '3145728',
    help: 'Largest request body in bytes; a larger one is answered with 413.',
    parse: (value) => integer(value, 1_024, 67_108_864),
  },
  readApiKeys: {
    name: 'READ_API_KEYS',
    fallback: '',
    help: `Keys for reading, separated by commas, each at least ${String(MIN_READ_KEY_LENGTH)} characters. None: reading is open.`,
    parse: readKeys,
  },
  maxBatchMessages: {
    name: 'MAX_BATCH_MESSAGES',
    fallback: '1000',
    help: 'Most messages of different requests in one commit.',
    parse: (value) => integer(value, 1, 20_000),
  },
  maxQueuedMessages: {
    name: 'MAX_QUEUED_MESSAGES',
    fallback: '10000',
    help: 'Most messages that wait for a commit; more are answered with 503.',
    parse: (value) => integer(value, 1, 1_000_000),
  },
  readTimeoutMs: {
    name: 'READ_TIMEOUT_MS',
    fallback: '5000',
    help: 'How long a read of messages or statistics may take; a longer one is answered with 503.',
    parse: (value) => integer(value, 10, 300_000),
  },
  maxQueuedReads: {
    name: 'MAX_QUEUED_READS',
    fallback: '200',
    help: 'Most reads that wait for a thread or a connection; more are answered with 503.',
    parse: (value) => integer(value, 1, 100_000),
  },
  shutdownDelayMs: {
    name: 'SHUTDOWN_DELAY_MS',
    fallback: '0',
    help: 'How long to go on serving, not ready, after SIGTERM, so that load balancers notice.',
    parse: (value) => integer(value, 0, 300_000),
  },
  shutdownTimeoutMs: {
    name: 'SHUTDOWN_TIMEOUT_MS',
    fallback: '10000',
    help: 'How long requests under way may take to finish at shutdown before they are cut off.',
    parse: (value) => integer(value, 100, 300_000),
  },
};

/** Every fault of the configuration, in one message. */
export class ConfigError extends Error {
  constructor(faults: readonly string[]) {
    super(`the configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

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
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.fromEntries(config) as Config;
}

/** A line or two for each variable: what it is for and its default. */
export function describeVariables(): { name: string; fallback: string; help: string }[] {
  return Object.values(VARIABLES).map(({ name, fallback, help }) => ({ name, fallback, help }));
}

function optional(value: string): string | undefined {
  return value === '' ? undefined : value;
}

function integer(value: string, min: number, max: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new Error(`must be a whole number from ${String(min)} to ${String(max)}`);
  }
  return number;
}

function oneOf<T>(value: string, choices: Readonly<Record<string, T>>): T {
  const choice = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (choice === undefined) throw new Error(`must be one of ${Object.keys(choices).join(', ')}`);
  return choice;
}

function readKeys(value: string): string[] {
  if (value === '') return [];
  const keys = value.split(',').map((key) => key.trim());
  if (!keys.every((key) => READ_KEY.test(key))) {
    throw new Error(
      `must hold keys of at least ${String(MIN_READ_KEY_LENGTH)} visible ASCII characters, separated by commas`,
    );
  }
  return keys;
}
