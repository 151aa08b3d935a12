import { RETRY_DAYS } from '../../domain/erasure-rule.ts';
import { databaseLocation } from './database-location.ts';
import {
  addressRanges,
  host,
  integer,
  MIN_READ_KEY_LENGTH,
  oneOf,
  optionalUrl,
  origins,
  readKeys,
  zeroOrDays,
} from './parsers.ts';
import { TRACING_VARIABLES } from './tracing-variables.ts';
import type { Variable } from './variable.ts';

const LOG_LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error' } as const;

/** All settings except those of the providers, in the order of the help. */
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
    help: 'Where messages are stored: sqlite:/// and a path (four slashes for an absolute path), or postgres://user:password@host/name.',
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
    help: 'PostgreSQL: maximum number of commits in flight; each has its own connection.',
    parse: (value) => integer(value, 1, 100),
  },
  migrateOnStart: {
    name: 'MIGRATE_ON_START',
    fallback: 'false',
    help: 'Migrate the schema before serving: true or false.',
    parse: (value) => oneOf(value.toLowerCase(), { true: true, false: false }),
  },
  logLevel: {
    name: 'LOG_LEVEL',
    fallback: 'INFO',
    help: 'Least severe log level to write: DEBUG, INFO, WARNING or ERROR.',
    parse: (value) => oneOf(value.toUpperCase(), LOG_LEVELS),
  },
  host: { name: 'HOST', fallback: '127.0.0.1', help: 'Address to listen on.', parse: host },
  port: {
    name: 'PORT',
    fallback: '8000',
    help: 'Port to listen on; 0 selects a free port and logs it.',
    parse: (value) => integer(value, 0, 65_535),
  },
  maxBodyBytes: {
    name: 'MAX_BODY_BYTES',
    fallback: '3145728',
    help: 'Largest request body in bytes; larger bodies get 413.',
    parse: (value) => integer(value, 1_024, 67_108_864),
  },
  maxBufferedBytes: {
    name: 'MAX_BUFFERED_BYTES',
    fallback: '67108864',
    help: 'Maximum bytes of request bodies in memory, at least MAX_BODY_BYTES; requests beyond it get 503.',
    parse: (value) => integer(value, 1_024, 4_294_967_296),
  },
  maxUnreadBytes: {
    name: 'MAX_UNREAD_BYTES',
    fallback: '67108864',
    help: 'Maximum memory, in bytes, of answers that clients have not read; reads beyond it get 503, webhooks never do.',
    parse: (value) => integer(value, 65_536, 4_294_967_296),
  },
  readApiKeys: {
    name: 'READ_API_KEYS',
    fallback: '',
    help: `Keys for reading, separated by commas, each at least ${String(MIN_READ_KEY_LENGTH)} characters. None: anyone can read.`,
    parse: readKeys,
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    fallback: '',
    help: 'Addresses and ranges (10.0.0.0/8) of proxies whose X-Forwarded-For names the client, separated by commas. None: the other end of the connection is the client.',
    parse: addressRanges,
  },
  rateLimitBadSignaturesPerMinute: perMinute(
    'BAD_SIGNATURES',
    '600',
    'Wrong signatures and verify tokens from one address; more get 429, valid ones never do. 0: no limit.',
  ),
  rateLimitReadsPerMinute: perMinute(
    'READS',
    '0',
    'Reads of messages, statistics and rejections from one address, and separately wrong read keys at /metrics; more get 429. 0: no limit, not even for guesses at read keys.',
  ),
  rateLimitWebhooksPerMinute: perMinute(
    'WEBHOOKS',
    '0',
    'Webhooks with a valid signature from one address; more get 429. 0: no limit.',
  ),
  origins: {
    name: 'ORIGINS',
    fallback: '',
    help: 'Origins whose pages may read (CORS), such as https://app.example.com, separated by commas. None: only the pages of the service.',
    parse: origins,
  },
  retentionDays: {
    name: 'RETENTION_DAYS',
    fallback: '0',
    help: `Days after which messages are erased, with their bodies and statuses: 0 or at least ${String(RETRY_DAYS)}, because providers retry for that long. 0: never.`,
    parse: (value) => zeroOrDays(value, RETRY_DAYS, 36_500),
  },
  rejectionsMaxRows: {
    name: 'REJECTIONS_MAX_ROWS',
    fallback: '10000',
    help: 'Number of latest rejected webhooks that GET /rejections returns.',
    parse: (value) => integer(value, 1, 1_000_000),
  },
  rejectionsMaxAgeDays: {
    name: 'REJECTIONS_MAX_AGE_DAYS',
    fallback: '30',
    help: 'Days after which rejected webhooks are deleted.',
    parse: (value) => integer(value, 1, 3_650),
  },
  rejectionExcerptBytes: {
    name: 'REJECTION_EXCERPT_BYTES',
    fallback: '0',
    help: 'Bytes to keep of the body of a rejected webhook; they may contain personal texts. 0: none.',
    parse: (value) => integer(value, 0, 4_096),
  },
  maxBatchMessages: {
    name: 'MAX_BATCH_MESSAGES',
    fallback: '1000',
    help: 'Maximum number of messages of different requests in one commit.',
    parse: (value) => integer(value, 1, 20_000),
  },
  maxQueuedMessages: {
    name: 'MAX_QUEUED_MESSAGES',
    fallback: '10000',
    help: 'Maximum number of messages that wait for a commit; more get 503.',
    parse: (value) => integer(value, 1, 1_000_000),
  },
  readTimeoutMs: {
    name: 'READ_TIMEOUT_MS',
    fallback: '5000',
    help: 'How long a read of messages or statistics may take; slower reads get 503.',
    parse: (value) => integer(value, 10, 300_000),
  },
  maxQueuedReads: {
    name: 'MAX_QUEUED_READS',
    fallback: '200',
    help: 'Maximum number of reads that wait for a thread or a connection; more get 503.',
    parse: (value) => integer(value, 1, 100_000),
  },
  maxStreams: {
    name: 'MAX_STREAMS',
    fallback: '100',
    help: 'Maximum number of open message streams (GET /messages/stream); more get 503.',
    parse: (value) => integer(value, 1, 10_000),
  },
  shutdownDelayMs: {
    name: 'SHUTDOWN_DELAY_MS',
    fallback: '0',
    help: 'How long to keep serving after SIGTERM while reporting not ready, so that load balancers notice.',
    parse: (value) => integer(value, 0, 300_000),
  },
  shutdownTimeoutMs: {
    name: 'SHUTDOWN_TIMEOUT_MS',
    fallback: '10000',
    help: 'How long requests in flight may take at shutdown before they are cut off.',
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
