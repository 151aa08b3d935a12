import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROVIDER_NAMES, PROVIDERS, type ProviderName } from '../../../src/adapters/providers/registry.ts';
import { SAMPLERS } from '../../../src/adapters/telemetry/tracing/tracing-options.ts';
import { timestampFromMicros } from '../../../src/domain/timestamp.ts';
import { ConfigError } from '../../../src/adapters/cli/settings.ts';
import {
  describeVariables,
  inheritedSocket,
  readConfig,
  type Config,
} from '../../../src/infrastructure/config/config.ts';

const instant = (micros: number) => timestampFromMicros(BigInt(micros));
const WHSEC = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const WHPK = 'whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=';

const NO_SECRETS = { current: undefined, previous: undefined, previousExpiresAt: undefined };
/** Of the providers that have settings besides their secrets. */
const DEFAULT_OPTIONS: Readonly<Partial<Record<ProviderName, object>>> = {
  whatsapp: { verifyToken: undefined },
  standard: { toleranceSeconds: 300 },
  twilio: { otherTokens: [], sharedKeys: {} },
};
const DEFAULT_PROVIDERS = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [name, { secrets: NO_SECRETS, options: DEFAULT_OPTIONS[name] ?? {} }]),
) as Config['providers'];

const DEFAULTS: Config = {
  providers: DEFAULT_PROVIDERS,
  publicUrl: undefined,
  database: { engine: 'sqlite', file: './data/app.db' },
  databasePoolSize: 10,
  databaseCommits: 2,
  migrateOnStart: false,
  logLevel: 'info',
  host: '127.0.0.1',
  port: 8000,
  maxBodyBytes: 3_145_728,
  maxBufferedBytes: 67_108_864,
  maxUnreadBytes: 67_108_864,
  readApiKeys: [],
  trustProxy: [],
  rateLimitBadSignaturesPerMinute: 600,
  rateLimitReadsPerMinute: 0,
  rateLimitWebhooksPerMinute: 0,
  origins: [],
  retentionDays: 0,
  rejectionsMaxRows: 10_000,
  rejectionsMaxAgeDays: 30,
  rejectionExcerptBytes: 0,
  maxBatchMessages: 1_000,
  maxQueuedMessages: 10_000,
  readTimeoutMs: 5_000,
  maxQueuedReads: 200,
  maxStreams: 100,
  shutdownDelayMs: 0,
  shutdownTimeoutMs: 10_000,
  otlpEndpoint: undefined,
  otlpTracesEndpoint: undefined,
  otlpHeaders: {},
  otlpProtocol: 'http/protobuf',
  otlpTimeoutMs: 10_000,
  otelServiceName: undefined,
  otelResourceAttributes: {},
  otelTracesSampler: 'parentbased_always_on',
  otelTracesSamplerArg: 1,
  otelSdkDisabled: false,
};

const INTEGERS: [string, keyof Config | ((config: Config) => unknown), number, number][] = [
  ['PORT', 'port', 0, 65_535],
  [
    'STANDARD_WEBHOOK_TOLERANCE_SECONDS',
    ({ providers }: Config) => providers.standard.options.toleranceSeconds,
    1,
    86_400,
  ],
  ['DATABASE_POOL_SIZE', 'databasePoolSize', 1, 1_000],
  ['DATABASE_COMMITS', 'databaseCommits', 1, 100],
  ['MAX_STREAMS', 'maxStreams', 1, 10_000],
  ['MAX_BODY_BYTES', 'maxBodyBytes', 1_024, 67_108_864],
  ['RATE_LIMIT_BAD_SIGNATURES_PER_MINUTE', 'rateLimitBadSignaturesPerMinute', 0, 1_000_000],
  ['RATE_LIMIT_READS_PER_MINUTE', 'rateLimitReadsPerMinute', 0, 1_000_000],
  ['RATE_LIMIT_WEBHOOKS_PER_MINUTE', 'rateLimitWebhooksPerMinute', 0, 1_000_000],
  ['REJECTIONS_MAX_ROWS', 'rejectionsMaxRows', 1, 1_000_000],
  ['REJECTIONS_MAX_AGE_DAYS', 'rejectionsMaxAgeDays', 1, 3_650],
  ['REJECTION_EXCERPT_BYTES', 'rejectionExcerptBytes', 0, 4_096],
  ['MAX_BATCH_MESSAGES', 'maxBatchMessages', 1, 20_000],
  ['MAX_QUEUED_MESSAGES', 'maxQueuedMessages', 1, 1_000_000],
  ['READ_TIMEOUT_MS', 'readTimeoutMs', 10, 300_000],
  ['MAX_QUEUED_READS', 'maxQueuedReads', 1, 100_000],
  ['SHUTDOWN_DELAY_MS', 'shutdownDelayMs', 0, 300_000],
  ['SHUTDOWN_TIMEOUT_MS', 'shutdownTimeoutMs', 100, 300_000],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', 'otlpTimeoutMs', 1, 300_000],
];

const NO_RANGES = [
  ...['proxy.example', '*', 'true', ',', '10.0.0.1,', '10.0.0/8', '1', '010.0.0.1', '-1.0.0.1', 'fe80::1%eth0'],
  ...['10.0.0.0/33', '10.0.0.0/0', '::/0', '10.0.0.0/08', '192.168.0.0/', '10.0.0.0/8/8', 'fd00::/129'],
  '::ffff:10.0.0.0/104',
];
const NO_ORIGINS = [
  ...['*', 'null', ',', 'inbox.example', 'http://app.example.com', 'http://127.0.0.2', 'http://localhost.example.com'],
  ...['https://app.example.com/', 'https://app.example.com/a', 'https://app.example.com,', 'https://APP.example.com'],
  ...['https://app.example.com:443', 'https://*.example.com', 'https://u@app.example', 'file:///'],
];

/** The defaults, and these of one provider's values. */
function having<N extends ProviderName>(
  name: N,
  { secrets, options }: { readonly [P in keyof Config['providers'][N]]?: Partial<Config['providers'][N][P]> },
): Partial<Config> {
  const { [name]: defaults } = DEFAULT_PROVIDERS;
  const changed = { secrets: { ...defaults.secrets, ...secrets }, options: { ...defaults.options, ...options } };
  return { providers: { ...DEFAULT_PROVIDERS, [name]: changed } };
}

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
  it('the defaults apply', () => {
    expect(readConfig({})).toEqual(DEFAULTS);
  });

  it('an empty variable counts as not set', () => {
    expect(readConfig(Object.fromEntries(describeVariables().map(({ name }) => [name, ''])))).toEqual(DEFAULTS);
  });

  it('the defaults are those of the help', () => {
    const environment = describeVariables().map(({ name, fallback }) => [name, fallback] as const);
    expect(readConfig(Object.fromEntries(environment))).toEqual(DEFAULTS);
  });
});

describe('RETENTION_DAYS', () => {
  it.each([
    ['0', 0],
    ['7', 7],
    ['365', 365],
    ['36500', 36_500],
  ])('takes %s', (value, days) => {
    expect(readConfig({ RETENTION_DAYS: value }).retentionDays).toBe(days);
  });

  it.each(['1', '6', '36501', '-7', '7.5', '30d', '00'])('rejects %s', (value) => {
    expect(faultsOf({ RETENTION_DAYS: value })).toContain('RETENTION_DAYS must be 0 or a whole number from 7 to 36500');
  });
});

describe('every variable', () => {
  it('is described once, and read', () => {
    const names = describeVariables().map(({ name }) => name);
    const { providers, ...others } = DEFAULTS;
    const ofProviders = Object.values(providers).flatMap(({ secrets, options }) => [
      ...Object.keys(secrets),
      ...Object.keys(options),
    ]);
    expect(new Set(names).size).toBe(ofProviders.length + Object.keys(others).length);
    expect(names).toHaveLength(new Set(names).size);
    for (const { name, help } of describeVariables())
      expect([name, help]).toEqual([name, expect.stringMatching(/^[A-Z].{10,}\.$/)]);
  });

  it.each<[string, string, Partial<Config>]>([
    [
      'WEBHOOK_SECRET',
      ' any: "characters" #=ü ',
      having('webhook', { secrets: { current: ' any: "characters" #=ü ' } }),
    ],
    ['WEBHOOK_SECRET_PREVIOUS', 'x', having('webhook', { secrets: { previous: 'x' } })],
    [
      'WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT',
      '1970-01-01T01:00:00.000001+01:00',
      having('webhook', { secrets: { previousExpiresAt: instant(1) } }),
    ],
    ['WHATSAPP_APP_SECRET', 'a', having('whatsapp', { secrets: { current: 'a' } })],
    ['WHATSAPP_APP_SECRET_PREVIOUS', 'a', having('whatsapp', { secrets: { previous: 'a' } })],
    [
      'WHATSAPP_APP_SECRET_PREVIOUS_EXPIRES_AT',
      '1970-01-01T00:00:00Z',
      having('whatsapp', { secrets: { previousExpiresAt: instant(0) } }),
    ],
    ['WHATSAPP_VERIFY_TOKEN', 'v', having('whatsapp', { options: { verifyToken: 'v' } })],
    ['STANDARD_WEBHOOK_SECRET', WHSEC, having('standard', { secrets: { current: WHSEC } })],
    ['STANDARD_WEBHOOK_SECRET_PREVIOUS', WHPK, having('standard', { secrets: { previous: WHPK } })],
    [
      'STANDARD_WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT',
      '1970-01-01T00:00:00Z',
      having('standard', { secrets: { previousExpiresAt: instant(0) } }),
    ],
    ['TWILIO_AUTH_TOKEN', 't', having('twilio', { secrets: { current: 't' } })],
    ['TWILIO_AUTH_TOKEN_PREVIOUS', 't', having('twilio', { secrets: { previous: 't' } })],
    [
      'TWILIO_AUTH_TOKEN_PREVIOUS_EXPIRES_AT',
      '1970-01-01T00:00:00Z',
      having('twilio', { secrets: { previousExpiresAt: instant(0) } }),
    ],
    ['TWILIO_OTHER_AUTH_TOKENS', 'one, two', having('twilio', { options: { otherTokens: ['one', 'two'] } })],
    [
      'TWILIO_SHARED_KEYS',
      'WK1:a=b, WK2:c:d',
      having('twilio', { options: { sharedKeys: { WK1: 'a=b', WK2: 'c:d' } } }),
    ],
    ['PUBLIC_URL', 'https://inbox.example.com', { publicUrl: 'https://inbox.example.com' }],
    ['PUBLIC_URL', 'http://host:8080/prefix/', { publicUrl: 'http://host:8080/prefix' }],
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
    ['HOST', '::', { host: '::' }],
    ['HOST', '[::1]', { host: '::1' }],
    ['HOST', '[fe80::1%eth0]', { host: 'fe80::1%eth0' }],
    ['HOST', 'localhost', { host: 'localhost' }],
    ['HOST', 'api_1.internal-net.example', { host: 'api_1.internal-net.example' }],
    ...[
      'postgres://u@h/name?host=/var/run/postgresql&application_name=x',
      'postgres://u@h/name?sslmode=verify-full&sslrootcert=/etc/ca.pem&channel_binding=prefer',
      'postgres://u@h/name?sslmode=no-verify&options=-c%20search_path%3Dx',
    ].map((url): [string, string, Partial<Config>] => ['DATABASE_URL', url, { database: { engine: 'postgres', url } }]),
    ['READ_API_KEYS', 'a-key-of-sixteen', { readApiKeys: ['a-key-of-sixteen'] }],
    [
      'READ_API_KEYS',
      ' a-key-of-sixteen ,another-key-of-more',
      { readApiKeys: ['a-key-of-sixteen', 'another-key-of-more'] },
    ],
    ['TRUST_PROXY', '10.0.0.1', { trustProxy: ['10.0.0.1'] }],
    ['TRUST_PROXY', '10.0.0.0/8, ::1,fd00::/8', { trustProxy: ['10.0.0.0/8', '::1', 'fd00::/8'] }],
    ['ORIGINS', 'https://app.example.com', { origins: ['https://app.example.com'] }],
    [
      'ORIGINS',
      'https://a.example:8443 , http://localhost:3000,http://127.0.0.1,http://[::1]:5173',
      { origins: ['https://a.example:8443', 'http://localhost:3000', 'http://127.0.0.1', 'http://[::1]:5173'] },
    ],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://localhost:4318/', { otlpEndpoint: 'http://localhost:4318' }],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://otlp.example/prefix', { otlpEndpoint: 'https://otlp.example/prefix' }],
    [
      'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
      'https://otlp.example/v1/traces/?tenant=a',
      { otlpTracesEndpoint: 'https://otlp.example/v1/traces/?tenant=a' },
    ],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'api-key=a%2Cb', { otlpHeaders: { 'api-key': 'a,b' } }],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      ' Authorization = Basic%20dTpw , x-tenant=dGVuYW50==',
      { otlpHeaders: { Authorization: 'Basic dTpw', 'x-tenant': 'dGVuYW50==' } },
    ],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf', {}],
    ['OTEL_SERVICE_NAME', 'inbox', { otelServiceName: 'inbox' }],
    [
      'OTEL_RESOURCE_ATTRIBUTES',
      'deployment.environment.name=t%C3%A4st,empty=',
      { otelResourceAttributes: { 'deployment.environment.name': 'täst', empty: '' } },
    ],
    ...SAMPLERS.map((name): [string, string, Partial<Config>] => [
      'OTEL_TRACES_SAMPLER',
      name,
      { otelTracesSampler: name },
    ]),
    ...(['0', '1', '0.25', '1.0', '.5'] as const).map((share): [string, string, Partial<Config>] => [
      'OTEL_TRACES_SAMPLER_ARG',
      share,
      { otelTracesSamplerArg: Number(share) },
    ]),
    ['OTEL_SDK_DISABLED', 'True', { otelSdkDisabled: true }],
  ])('%s may be %j', (name, value, expected) => {
    expect(readConfig({ [name]: value })).toEqual({ ...DEFAULTS, ...expected });
  });

  it('MAX_BUFFERED_BYTES is at least the largest body; its default fits the largest possible one', () => {
    expect(readConfig({ MAX_BODY_BYTES: '2000', MAX_BUFFERED_BYTES: '2000' })).toMatchObject({
      maxBodyBytes: 2_000,
      maxBufferedBytes: 2_000,
    });
    expect(readConfig({ MAX_BODY_BYTES: '67108864' })).toMatchObject({ maxBufferedBytes: 67_108_864 });
    expect(readConfig({ MAX_BUFFERED_BYTES: '4294967296' })).toMatchObject({ maxBufferedBytes: 4_294_967_296 });
    for (const environment of [
      { MAX_BODY_BYTES: '2000', MAX_BUFFERED_BYTES: '1999' },
      { MAX_BUFFERED_BYTES: '3145727' },
      { MAX_BUFFERED_BYTES: '1024', PORT: 'x' },
    ]) {
      expect(faultsOf(environment)).toContain('MAX_BUFFERED_BYTES must be at least MAX_BODY_BYTES');
    }
    expect(faultsOf({ MAX_BUFFERED_BYTES: '1024', PORT: 'x' })).toContain('PORT must be');
    for (const value of ['1023', '4294967297', '64m', '-1'])
      expect(faultsOf({ MAX_BUFFERED_BYTES: value })).toMatch(/MAX_BUFFERED_BYTES must be (?!at least MAX)/);
  });

  it.each([
    ['DATABASE_URL', 'mysql://user:password@host/db', 'sqlite:///'],
    ['DATABASE_URL', 'postgres://user:password@host', 'postgres://'],
    ['DATABASE_URL', 'postgres://user:pass word@ho st:x/name', 'postgres://'],
    ['DATABASE_URL', 'sqlite://data/app.db', 'sqlite:///'],
    ['DATABASE_URL', 'sqlite:///', 'sqlite:///'],
    ['DATABASE_URL', 'sqlite:///:memory:', 'sqlite:///'],
    ['DATABASE_URL', './messages.db', 'sqlite:///'],
    ['DATABASE_URL', 'sqlite:///./x.db?mode=ro', 'parameters'],
    ['DATABASE_URL', 'sqlite:///:memory:?cache=shared', 'in memory'],
    ['DATABASE_URL', 'sqlite:///~/x.db', 'without ~'],
    ['DATABASE_URL', 'sqlite:////~/x.db', 'without ~'],
    ['DATABASE_URL', 'sqlite:///$HOME/x.db', 'without $'],
    ['DATABASE_URL', 'sqlite:///${HOME}/x.db', 'without $'],
    ['DATABASE_URL', 'sqlite:///d%20b/x.db', 'percent-encoding'],
    ['DATABASE_URL', 'sqlite:///file:x.db', 'file: URI'],
    ['DATABASE_URL', 'sqlite:///./data/', 'not of a folder'],
    ['DATABASE_URL', 'sqlite:///..', 'not of a folder'],
    ['DATABASE_URL', 'sqlite:///x.db ', 'spaces around'],
    ['DATABASE_URL', 'sqlite:///x\n.db', 'control characters'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmod=require', 'did you mean sslmode?'],
    ['DATABASE_URL', 'postgres://u:p@h/name?SSLMODE=require', 'did you mean sslmode?'],
    ['DATABASE_URL', 'postgres://u:p@h/name?ssl_mode=require', 'did you mean sslmode?'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmode=requre', 'did you mean require?'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmode=verify_full', 'did you mean verify-full?'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmode=allow', 'no-verify as sslmode'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmode=', 'no-verify as sslmode'],
    ['DATABASE_URL', 'postgres://u:p@h/name?ssl=yes', 'as ssl'],
    ['DATABASE_URL', 'postgres://u:p@h/name?sslmode=require&sslmode=disable', 'twice'],
    ['DATABASE_URL', 'postgres://u:p@h/name?channel_binding=require', 'as channel_binding'],
    ['DATABASE_URL', 'postgres://u:p@h/name?target_session_attrs=read-write', 'parameters other than'],
    ['DATABASE_URL', 'postgres://u:p@h/name?statement_timeout=0', 'the service sets it itself'],
    ['DATABASE_URL', 'postgres://u:p@h/name?connect_timeout=10', 'the service sets it itself'],
    ['DATABASE_URL', 'postgres://u:p@h/name?host=', 'a value for the parameter host'],
    ['DATABASE_URL', 'postgres://u:p@a,b/name', 'one host'],
    ['DATABASE_URL', 'postgres://u:p@h/name#x', 'postgres://'],
    ['DATABASE_URL', 'postgres://u:p%zz@h/name', 'percent-encoded'],
    ['HOST', '300.1.1.1', 'one IP address'],
    ['HOST', '1.2.3', 'one IP address'],
    ['HOST', 'foo bar', 'one IP address'],
    ['HOST', '[127.0.0.1]', 'one IP address'],
    ['HOST', '[::1', 'one IP address'],
    ['HOST', '127.0.0.1:8000', 'one IP address'],
    ['HOST', '[::1]:8000', 'one IP address'],
    ['HOST', 'http://0.0.0.0', 'one IP address'],
    ['HOST', '0.0.0.0,::', 'one IP address'],
    ['HOST', '*', 'one IP address'],
    ['HOST', '-a.example', 'one IP address'],
    ['HOST', ' ', 'one IP address'],
    ['WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT', 'tomorrow', 'an RFC 3339 date-time'],
    ['TWILIO_AUTH_TOKEN_PREVIOUS_EXPIRES_AT', '2026-02-30T00:00:00Z', 'an RFC 3339 date-time'],
    ['TWILIO_OTHER_AUTH_TOKENS', 'one,,two', 'none of them empty'],
    ['TWILIO_SHARED_KEYS', 'WK1', 'pairs of id:secret'],
    ['TWILIO_SHARED_KEYS', 'WK1:', 'pairs of id:secret'],
    ['TWILIO_SHARED_KEYS', 'WK1:a,WK1:b', 'each id once'],
    ['STANDARD_WEBHOOK_SECRET', 'WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'begin with whsec_'],
    ['STANDARD_WEBHOOK_SECRET', 'whsec_dG9vIHNob3J0', 'at least 16 bytes'],
    ['STANDARD_WEBHOOK_SECRET_PREVIOUS', 'whpk_dG9vIHNob3J0', '32 bytes'],
    ['PUBLIC_URL', 'somewhere.example', 'https://'],
    ['PUBLIC_URL', 'ftp://somewhere.example', 'https://'],
    ['PUBLIC_URL', 'https://user:password@somewhere.example', 'https://'],
    ['PUBLIC_URL', 'https://somewhere.example?a=b', 'https://'],
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
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'https://'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://localhost:4317', 'https://'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'https://user:password@otlp.example', 'https://'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', '/v1/traces', '/v1/traces'],
    ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'https://user:password@otlp.example/v1/traces', '/v1/traces'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a-secret-alone', 'name=value'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=a-secret,', 'name=value'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=a-secret%', 'percent-encoded'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'the key=a-secret', 'name=value'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'the%20key=a-secret', 'names and values of HTTP headers'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'key=a-secret%0D%0Ax:y', 'names and values of HTTP headers'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc', 'http/protobuf'],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json', 'http/protobuf'],
    ['OTEL_RESOURCE_ATTRIBUTES', '=value-of-nothing', 'name=value'],
    ['OTEL_RESOURCE_ATTRIBUTES', 'deployment', 'name=value'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote', 'parentbased_always_on'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.01', 'from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', '-0.5', 'from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', '50%', 'from 0 to 1'],
    ['OTEL_TRACES_SAMPLER_ARG', '1e-1', 'from 0 to 1'],
    ['OTEL_SDK_DISABLED', 'yes', 'true, false'],
    ...NO_RANGES.map((value): [string, string, string] => ['TRUST_PROXY', value, 'IP addresses or ranges']),
    ...NO_ORIGINS.map((value): [string, string, string] => ['ORIGINS', value, 'origins as browsers send them']),
  ])('%s must not be %j, and the value is not repeated', (name, value, hint) => {
    const message = faultsOf({ [name]: value });
    expect(message).toContain(`  ${name} must `);
    expect(message).toContain(hint);
    if (value.trim().length > 4 && !hint.startsWith(value)) expect(message.replaceAll(hint, '')).not.toContain(value);
  });
});

describe.each(PROVIDER_NAMES)('the secret of %s', (name) => {
  it('is read, with the one before and its end, from the variables that are named after it', () => {
    const variable = PROVIDERS[name].secret.name;
    const secret = name === 'standard' ? WHSEC : 'a secret';
    const environment = {
      [variable]: secret,
      [`${variable}_PREVIOUS`]: secret,
      [`${variable}_PREVIOUS_EXPIRES_AT`]: '1970-01-01T00:00:00Z',
    };
    const secrets = { current: secret, previous: secret, previousExpiresAt: instant(0) };
    expect(readConfig(environment)).toEqual({ ...DEFAULTS, ...having(name, { secrets }) });
  });
});

describe.each(INTEGERS)('%s', (name, key, min, max) => {
  it('accepts every whole number within its limits', () => {
    fc.assert(
      fc.property(fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max)), (value) => {
        const config = readConfig({ [name]: String(value) });
        expect(typeof key === 'function' ? key(config) : config[key]).toBe(value);
      }),
    );
  });

  it('accepts nothing else', () => {
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

describe('PGSSLMODE', () => {
  const url = 'postgres://u:p@h/name';

  it('must be one that the driver knows, because it uses no TLS with any other', () => {
    expect(faultsOf({ DATABASE_URL: url, PGSSLMODE: 'requre' })).toContain(
      '  PGSSLMODE must be one of disable, prefer',
    );
  });

  it.each([
    { DATABASE_URL: url, PGSSLMODE: 'verify-full' },
    { DATABASE_URL: url, PGSSLMODE: '' },
    { DATABASE_URL: `${url}?sslmode=verify-full`, PGSSLMODE: 'requre' },
    { PGSSLMODE: 'requre' },
  ])('does not matter in %j', (environment) => {
    expect(readConfig(environment)).toBeDefined();
  });
});

describe('several faults', () => {
  it('are reported in one message, one line each, without the values', () => {
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

describe('a socket that a service manager listens on', () => {
  it('is used if it is meant for this process, with any environment', () => {
    const numbers = fc.oneof(fc.nat().map(String), fc.constantFrom('', ' 7', '7 ', '07', undefined));
    fc.assert(
      fc.property(fc.nat(), fc.option(numbers, { nil: undefined }), (pid, claimed) => {
        const socket = inheritedSocket({ LISTEN_PID: claimed, LISTEN_FDS: '1' }, pid);
        expect(socket).toBe(claimed === String(pid) ? 3 : undefined);
      }),
    );
    expect(inheritedSocket({ LISTEN_PID: '7', LISTEN_FDS: '1' }, 7)).toBe(3);
    expect(inheritedSocket({}, 7)).toBeUndefined();
  });

  it.each(['0', '2', '', 'x', undefined])('is not guessed if LISTEN_FDS is %j', (count) => {
    expect(() => inheritedSocket({ LISTEN_PID: '7', LISTEN_FDS: count }, 7)).toThrow(ConfigError);
    expect(inheritedSocket({ LISTEN_PID: '8', LISTEN_FDS: count }, 7)).toBeUndefined();
  });
});
