import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, describeVariables, readConfig, type Config } from '../../src/infrastructure/config.ts';

const DEFAULTS: Config = {
  webhookSecret: undefined,
  webhookSecretPrevious: undefined,
  database: { engine: 'sqlite', file: './data/app.db' },
  databasePoolSize: 10,
  databaseCommits: 2,
  migrateOnStart: false,
  logLevel: 'info',
  host: '127.0.0.1',
  port: 8000,
  maxBodyBytes: 3_145_728,
  readApiKeys: [],
  maxBatchMessages: 1_000,
  maxQueuedMessages: 10_000,
  readTimeoutMs: 5_000,
  maxQueuedReads: 200,
  shutdownDelayMs: 0,
  shutdownTimeoutMs: 10_000,
};

const INTEGERS: [string, keyof Config, number, number][] = [
  ['PORT', 'port', 0, 65_535],
  ['DATABASE_POOL_SIZE', 'databasePoolSize', 1, 1_000],
  ['DATABASE_COMMITS', 'databaseCommits', 1, 100],
  ['MAX_BODY_BYTES', 'maxBodyBytes', 1_024, 67_108_864],
  ['MAX_BATCH_MESSAGES', 'maxBatchMessages', 1, 20_000],
  ['MAX_QUEUED_MESSAGES', 'maxQueuedMessages', 1, 1_000_000],
  ['READ_TIMEOUT_MS', 'readTimeoutMs', 10, 300_000],
  ['MAX_QUEUED_READS', 'maxQueuedReads', 1, 100_000],
  ['SHUTDOWN_DELAY_MS', 'shutdownDelayMs', 0, 300_000],
  ['SHUTDOWN_TIMEOUT_MS', 'shutdownTimeoutMs', 100, 300_000],
];

/** What is said about an environment that is not valid. */
function faultsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
    return '';
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
}

describe('without any variable', () => {
  it('the defaults are taken', () => {
    expect(readConfig({})).toEqual(DEFAULTS);
  });

  it('an empty one counts as not set', () => {
    expect(readConfig(Object.fromEntries(describeVariables().map(({ name }) => [name, ''])))).toEqual(DEFAULTS);
  });

  it('the defaults are what the help says they are', () => {
    const environment = describeVariables().map(({ name, fallback }) => [name, fallback] as const);
    expect(readConfig(Object.fromEntries(environment))).toEqual(DEFAULTS);
  });
});

describe('every variable', () => {
  it('is described, once, and read', () => {
    const names = describeVariables().map(({ name }) => name);
    expect(new Set(names).size).toBe(Object.keys(DEFAULTS).length);
    for (const { name, help } of describeVariables())
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z].{10,}\.$/)]);
  });

  it.each<[string, string, Partial<Config>]>([
    ['WEBHOOK_SECRET', ' any: "characters" #=ü ', { webhookSecret: ' any: "characters" #=ü ' }],
    ['WEBHOOK_SECRET_PREVIOUS', 'x', { webhookSecretPrevious: 'x' }],
    ['DATABASE_URL', 'sqlite:////data/app.db', { database: { engine: 'sqlite', file: '/data/app.db' } }],
    ['DATABASE_URL', 'sqlite:///./a b.db', { database: { engine: 'sqlite', file: './a b.db' } }],
    ...['postgres', 'postgresql', 'postgresql+psycopg2'].map((scheme): [string, string, Partial<Config>] => [
      'DATABASE_URL',
      `${scheme}://user:p%40ss@host:5433/name?sslmode=require`,
      { database: { engine: 'postgres', url: 'postgres://user:p%40ss@host:5433/name?sslmode=require' } },
    ]),
    ['MIGRATE_ON_START', 'TRUE', { migrateOnStart: true }],
    ['LOG_LEVEL', 'warning', { logLevel: 'warn' }],
    ['LOG_LEVEL', 'Error', { logLevel: 'error' }],
    ['LOG_LEVEL', 'DEBUG', { logLevel: 'debug' }],
    ['HOST', '0.0.0.0', { host: '0.0.0.0' }],
    ['READ_API_KEYS', 'a-key-of-sixteen', { readApiKeys: ['a-key-of-sixteen'] }],
    [
      'READ_API_KEYS',
      ' a-key-of-sixteen ,another-key-of-more',
      { readApiKeys: ['a-key-of-sixteen', 'another-key-of-more'] },
    ],
  ])('%s may be %j', (name, value, expected) => {
    expect(readConfig({ [name]: value })).toEqual({ ...DEFAULTS, ...expected });
  });

  it.each([
    ['DATABASE_URL', 'mysql://user:password@host/db', 'sqlite:///'],
    ['DATABASE_URL', 'postgres://user:password@host', 'postgres://'],
    ['DATABASE_URL', 'postgres://user:pass word@ho st:x/name', 'postgres://'],
    ['DATABASE_URL', 'sqlite://data/app.db', 'sqlite:///'],
    ['DATABASE_URL', 'sqlite:///', 'sqlite:///'],
    ['DATABASE_URL', 'sqlite:///:memory:', 'sqlite:///'],
    ['DATABASE_URL', './messages.db', 'sqlite:///'],
    ['MIGRATE_ON_START', 'yes', 'true, false'],
    ['MIGRATE_ON_START', '1', 'true, false'],
    ['LOG_LEVEL', 'TRACE', 'DEBUG, INFO, WARNING, ERROR'],
    ['LOG_LEVEL', 'constructor', 'DEBUG, INFO, WARNING, ERROR'],
    ['LOG_LEVEL', 'INFO ', 'DEBUG, INFO, WARNING, ERROR'],
    ['READ_API_KEYS', 'fifteen-letters', 'at least 16'],
    ['READ_API_KEYS', 'a-key-of-sixteen,short', 'at least 16'],
    ['READ_API_KEYS', ',', 'at least 16'],
    ['READ_API_KEYS', '   ', 'at least 16'],
    ['READ_API_KEYS', 'a-key-of-sixteen,', 'at least 16'],
    ['READ_API_KEYS', 'a key with blanks in it', 'at least 16'],
    ['READ_API_KEYS', 'ein-schlüssel-der-nicht-geht', 'at least 16'],
  ])('%s must not be %j, and the value is not repeated', (name, value, hint) => {
    const message = faultsOf({ [name]: value });
    expect(message).toContain(`  ${name} must `);
    expect(message).toContain(hint);
    if (value.trim().length > 4 && !hint.startsWith(value)) expect(message.replaceAll(hint, '')).not.toContain(value);
  });
});

describe.each(INTEGERS)('%s', (name, key, min, max) => {
  it('is any whole number within its limits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), (value) => {
        expect(readConfig({ [name]: String(value) })[key]).toBe(value);
      }),
    );
  });

  it('is nothing else', () => {
    const outside = fc.oneof(fc.integer({ max: min - 1 }), fc.bigInt({ min: BigInt(max) + 1n })).map(String);
    const fractions = fc.double({ noInteger: true }).map(String);
    const words = fc.string({ minLength: 1 }).filter((text) => !/^\d+$/.test(text));
    const odd = fc.constantFrom(
      `${String(min)}.0`,
      `+${String(max)}`,
      `${String(max)} `,
      '1e4',
      '0x400',
      '٢٠٠٠',
      '1_024',
      '-0',
    );
    fc.assert(
      fc.property(fc.oneof(outside, fractions, words, odd), (value) => {
        expect(faultsOf({ [name]: value })).toContain(
          `  ${name} must be a whole number from ${String(min)} to ${String(max)}`,
        );
      }),
    );
  });
});

describe('several faults', () => {
  it('are told in one message, a line each, without the values', () => {
    const environment = {
      WEBHOOK_SECRET: 'the-secret-itself',
      PORT: 'the-port',
      LOG_LEVEL: 'the-level',
      READ_API_KEYS: 'the-key',
      DATABASE_URL: 'mysql://user:the-password@host/db',
      SHUTDOWN_TIMEOUT_MS: '99',
    };
    const message = faultsOf(environment);
    const [title, ...lines] = message.split('\n');
    expect(title).toBe('the configuration is not valid:');
    expect(lines.map((line) => line.trim().split(' ')[0]).sort()).toEqual([
      'DATABASE_URL',
      'LOG_LEVEL',
      'PORT',
      'READ_API_KEYS',
      'SHUTDOWN_TIMEOUT_MS',
    ]);
    expect(message).not.toMatch(/the-(secret|port|level|key|password)/);
  });
});
