import { RETRY_DAYS } from '../../domain/erasure-rule.ts';
import { databaseLocation } from './database-location.ts';
import {
  addressRanges,
  integer,
  MIN_READ_KEY_LENGTH,
  oneOf,
  optionalUrl,
  origins,
  readKeys,
  zeroOrDays,
} from './values.ts';
import { TRACING_VARIABLES } from './tracing-variables.ts';
import type { Variable } from './variable.ts';

const LOG_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** Every setting besides those of the providers, in the order in which they are listed for people. */
export const VARIABLES = {
  publicUrl: {
    name: 'PUBLIC_URL',
    fallback: '',
    help: 'Where the service is reached from outside, such as https://inbox.example.com: Twilio signs it. Needed behind a proxy.',
    parse: optionalUrl,
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
  maxBufferedBytes: {
    name: 'MAX_BUFFERED_BYTES',
    fallback: '67108864',
    help: 'Most bytes of request bodies in memory, at least MAX_BODY_BYTES; a request that has no room is answered with 503.',
    parse: (value) => integer(value, 1_024, 4_294_967_296),
  },
  readApiKeys: {
    name: 'READ_API_KEYS',
    fallback: '',
    help: `Keys for reading, separated by commas, each at least ${String(MIN_READ_KEY_LENGTH)} characters. None: reading is open.`,
    parse: readKeys,
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    fallback: '',
    help: 'Addresses and ranges (10.0.0.0/8) of proxies whose X-Forwarded-For says who the client is, separated by commas. None: the other end of the connection is the client.',
    parse: addressRanges,
  },
  rateLimitBadSignaturesPerMinute: perMinute(
    'BAD_SIGNATURES',
    '600',
    'Wrong signatures and verify tokens from one address; more are answered with 429, right ones never. 0: no limit.',
  ),
  rateLimitReadsPerMinute: perMinute(
    'READS',
    '0',
    'Reads of messages, statistics and rejections from one address, and apart from them wrong read keys at /metrics; more are answered with 429. 0: no limit, also of guesses at read keys.',
  ),
  rateLimitWebhooksPerMinute: perMinute(
    'WEBHOOKS',
    '0',
    'Webhooks with a right signature from one address; more are answered with 429. 0: no limit.',
  ),
  origins: {
    name: 'ORIGINS',
    fallback: '',
    help: 'Origins whose pages may read (CORS), such as https://app.example.com, separated by commas. None: only our own pages.',
    parse: origins,
  },
  retentionDays: {
    name: 'RETENTION_DAYS',
    fallback: '0',
    help: `Days after which messages are erased, with their bodies and statuses: 0 or at least ${String(RETRY_DAYS)}, for as long providers send again what they sent. 0: none are.`,
    parse: (value) => zeroOrDays(value, RETRY_DAYS, 36_500),
  },
  rejectionsMaxRows: {
    name: 'REJECTIONS_MAX_ROWS',
    fallback: '10000',
    help: 'Refused webhooks that GET /rejections goes back to, the latest.',
    parse: (value) => integer(value, 1, 1_000_000),
  },
  rejectionsMaxAgeDays: {
    name: 'REJECTIONS_MAX_AGE_DAYS',
    fallback: '30',
    help: 'Days after which a refused webhook is forgotten.',
    parse: (value) => integer(value, 1, 3_650),
  },
  rejectionExcerptBytes: {
    name: 'REJECTION_EXCERPT_BYTES',
    fallback: '0',
    help: 'Bytes of the body of a refused webhook to keep; they may hold what people wrote. 0: none.',
    parse: (value) => integer(value, 0, 4_096),
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
  maxStreams: {
    name: 'MAX_STREAMS',
    fallback: '100',
    help: 'Most clients that follow the messages (GET /messages/stream); more are answered with 503.',
    parse: (value) => integer(value, 1, 10_000),
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
  ...TRACING_VARIABLES,
} satisfies Readonly<Record<string, Variable<unknown>>>;

function perMinute(what: string, fallback: string, help: string): Variable<number> {
  return {
    name: `RATE_LIMIT_${what}_PER_MINUTE`,
    fallback,
    help,
    parse: (value) => integer(value, 0, 1_000_000),
  };
}
