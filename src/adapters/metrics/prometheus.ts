import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Metrics } from '../../application/ports.ts';
import type { Provider } from '../../domain/provider.ts';
import type { RejectionReason } from '../../domain/rejection.ts';
import type { UpdateOutcome } from '../../domain/update.ts';
import { registerStoreGauges, type StoreQuestions } from './store-gauges.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
/** From what a commit to a fast disk takes to how long the slowest request may. 1 is a bound of the service's objective. */
const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const LAG_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800];
const GROUP_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048];

/** Gauges whose names promtool takes for counters'; each has a namesake by type that says more. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** Says by its version which flaws this server has, to whoever may read metrics. */
const TELLTALE = ['nodejs_version_info'];

/*
 * What may happen; each is there from the start with 0: a rate misses the first event of a series that begins with it, and a
 * ratio without a failure would be none instead of 0.
 */
const RESULTS = [
  ...['created', 'duplicate', 'conflict', 'accepted'],
  ...['invalid_signature', 'validation_error', 'content_too_large', 'unsupported_media_type', 'too_many_requests'],
  ...['unavailable', 'internal_error', 'no_secret_configured'],
];
const OUTCOMES = {
  ...{ created: true, duplicate: true, conflict: true, status_updated: true, status_stale: true, kept: true },
} satisfies Record<UpdateOutcome, true>;
const REASONS = {
  ...{ missing_header: true, malformed_signature: true, wrong_digest: true, stale_timestamp: true },
  ...{ too_large: true, media_type: true, malformed_json: true, schema: true },
} satisfies Record<RejectionReason, true>;
const RATE_LIMITS = ['bad_signatures', 'reads', 'wrong_keys', 'webhooks'];

export interface PrometheusOptions extends StoreQuestions {
  /** Those that have a secret. */
  readonly providers: readonly Provider[];
  readonly maxQueuedMessages: number;
  readonly maxBufferedBytes: number;
  readonly maxStreams: number;
}

/** Metrics for Prometheus. */
export function prometheusMetrics(options: PrometheusOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const name of [...MISNAMED, ...TELLTALE]) registry.removeSingleMetric(name);

  const httpRequests = new Counter({
    name: 'http_requests_total',
    help: 'HTTP requests by method, route and status.',
    labelNames: ['method', 'path', 'status'],
    registers,
  });
  const httpDuration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the request being read to its answer being ready.',
    labelNames: ['method', 'path'],
    buckets: SECONDS,
    registers,
  });
  const rateLimited = new Counter({
    name: 'http_rate_limited_total',
    help: 'Requests that were refused because too much came from their address, by what it was too much of.',
    labelNames: ['kind'],
    registers,
  });
  for (const kind of RATE_LIMITS) rateLimited.inc({ kind }, 0);
  const webhookRequests = new Counter({
    name: 'webhook_requests_total',
    help: 'Webhook requests by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const webhookDuration = new Histogram({
    name: 'webhook_request_duration_seconds',
    help: 'Time from a webhook request being read to its answer being ready, by what became of it.',
    labelNames: ['result'],
    buckets: SECONDS,
    registers,
  });
  for (const result of RESULTS) {
    webhookRequests.inc({ result }, 0);
    webhookDuration.zero({ result });
  }
  const updates = new Counter({
    name: 'webhook_updates_total',
    help: 'Messages, statuses and unknown updates in webhooks by what became of them.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const verified = new Counter({
    name: 'webhook_verified_total',
    help: 'Webhooks with a right signature by the secret that made it.',
    labelNames: ['provider', 'secret'],
    registers,
  });
  const lastVerified = new Gauge({
    name: 'webhook_secret_last_verified_timestamp_seconds',
    help: 'When a secret last made a right signature.',
    labelNames: ['provider', 'secret'],
    registers,
  });
  const rejections = new Counter({
    name: 'webhook_rejections_total',
    help: 'Refused webhooks by reason.',
    labelNames: ['provider', 'reason'],
    registers,
  });
  for (const provider of options.providers) {
    for (const outcome of Object.keys(OUTCOMES)) updates.inc({ provider, outcome }, 0);
    for (const reason of Object.keys(REASONS)) rejections.inc({ provider, reason }, 0);
    verified.inc({ provider, secret: 'current' }, 0);
  }
  const ingestLag = new Histogram({
    name: 'webhook_ingest_lag_seconds',
    help: 'Time from the sending of a message, by its own ts, to its being stored.',
    buckets: LAG_SECONDS,
    registers,
  });
  const commitMessages = new Histogram({
    name: 'commit_batch_messages',
    help: 'Messages in a commit.',
    buckets: GROUP_SIZES,
    registers,
  });
  const commitDuration = new Histogram({
    name: 'commit_duration_seconds',
    help: 'Time of a commit, by whether it succeeded.',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  for (const outcome of ['committed', 'failed']) commitDuration.zero({ outcome });
  const queueDepth = new Gauge({
    name: 'commit_queue_messages',
    help: 'Messages waiting to be stored.',
    registers,
  });
  new Gauge({
    name: 'commit_queue_limit_messages',
    help: 'Messages that may wait to be stored; more are refused.',
    registers,
  }).set(options.maxQueuedMessages);
  const bodyBytes = new Gauge({
    name: 'request_body_bytes',
    help: 'Bytes of request bodies in memory, until their requests are answered.',
    registers,
  });
  new Gauge({
    name: 'request_body_limit_bytes',
    help: 'Bytes of request bodies that may be in memory; what has no room is refused.',
    registers,
  }).set(options.maxBufferedBytes);
  const bodiesShed = new Counter({
    name: 'request_bodies_shed_total',
    help: 'Requests refused because their bodies had no room in memory.',
    registers,
  });
  const messageStreams = new Gauge({
    name: 'message_streams',
    help: 'Clients that follow the messages.',
    registers,
  });
  new Gauge({
    name: 'message_streams_limit',
    help: 'Clients that may follow the messages; one too many is refused.',
    registers,
  }).set(options.maxStreams);
  const connectionsDropped = new Counter({
    name: 'http_connections_dropped_total',
    help: 'Connections closed as they came because there were too many.',
    registers,
  });
  const messagesErased = new Counter({
    name: 'messages_erased_total',
    help: 'Messages erased by this process, by why.',
    labelNames: ['cause'],
    registers,
  });
  messagesErased.inc({ cause: 'retention' }, 0);
  registerStoreGauges(registry, options);

  // prom-client sorts and joins the labels at every call; a series is looked up once. Routes and methods are few.
  const counters = new Map<string, Counter.Internal>();
  const durations = new Map<string, ReturnType<typeof httpDuration.labels>>();
  const webhookDurations = new Map<string, ReturnType<typeof webhookDuration.labels>>();
  const lastVerifications = new Map<string, ReturnType<typeof lastVerified.labels>>();

  return {
    webhookRequest({ result, seconds }) {
      once(counters, `webhook ${result}`, () => webhookRequests.labels({ result })).inc();
      once(webhookDurations, result, () => webhookDuration.labels({ result })).observe(seconds);
    },
    updates(provider, outcome, count) {
      once(counters, `updates ${provider} ${outcome}`, () => updates.labels({ provider, outcome })).inc(count);
    },
    verified(provider, secret) {
      once(counters, `verified ${provider} ${secret}`, () => verified.labels({ provider, secret })).inc();
      once(lastVerifications, `${provider} ${secret}`, () =>
        lastVerified.labels({ provider, secret }),
      ).setToCurrentTime();
    },
    rejected(provider, reason) {
      rejections.inc({ provider, reason });
    },
    rateLimited(kind) {
      rateLimited.inc({ kind });
    },
    httpRequest({ method, path, status, seconds }) {
      const route = `${method} ${path}`;
      once(counters, `${route} ${String(status)}`, () => httpRequests.labels({ method, path, status })).inc();
      once(durations, route, () => httpDuration.labels({ method, path })).observe(seconds);
    },
    ingestLag(seconds) {
      ingestLag.observe(seconds);
    },
    commit({ messages, seconds, outcome }) {
      commitMessages.observe(messages);
      commitDuration.observe({ outcome }, seconds);
    },
    queueDepth(messages) {
      queueDepth.set(messages);
    },
    bodyBytes(bytes) {
      bodyBytes.set(bytes);
    },
    bodyShed() {
      bodiesShed.inc();
    },
    messageStreams(open) {
      messageStreams.set(open);
    },
    connectionDropped() {
      connectionsDropped.inc();
    },
    messagesErased(messages) {
      messagesErased.inc({ cause: 'retention' }, messages);
    },
    async exposition(accept) {
      const plain = await registry.metrics();
      return accept?.includes('application/openmetrics-text')
        ? { contentType: OPEN_METRICS, body: openMetrics(plain) }
        : { contentType: registry.contentType, body: plain };
    },
  };
}

/**
 * The same series as OpenMetrics writes them: a counter's family is named without the `_total` of its samples. Not left to
 * prom-client, which renames the counters themselves, so that the plain format lost its suffixes from then on.
 */
function openMetrics(plain: string): string {
  const families = plain.replace(/^# (HELP|TYPE) (\S+)_total /gm, '# $1 $2 ');
  // The plain format allows empty lines; for one of them, Prometheus throws away the whole of OpenMetrics.
  return `${families.replace(/\n+/g, '\n').trimEnd()}\n# EOF\n`;
}

function once<T>(known: Map<string, T>, key: string, make: () => T): T {
  const found = known.get(key) ?? make();
  known.set(key, found);
  return found;
}
