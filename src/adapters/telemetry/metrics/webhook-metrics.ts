import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Metrics } from '../../../application/ports/telemetry.ts';
import type { Provider } from '../../../domain/provider.ts';
import type { RejectionReason } from '../../../domain/rejection.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import { SECONDS } from './buckets.ts';
import { series } from './series-cache.ts';

const LAG_SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 3_600, 21_600, 86_400, 604_800];

/**
 * All possible results. Each series starts with 0: otherwise a rate would miss the first event of a series, and a ratio
 * would have no value until the first failure.
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

type WebhookMetrics = Pick<Metrics, 'webhookRequest' | 'updates' | 'verified' | 'rejected' | 'ingestLag'>;

/** Metrics of webhooks, and of the outcomes of their updates. `providers`: those that have a secret. */
export function webhookMetrics(registry: Registry, providers: readonly Provider[]): WebhookMetrics {
  const registers = [registry];
  const webhookRequests = new Counter({
    name: 'webhook_requests_total',
    help: 'Webhook requests by what became of them.',
    labelNames: ['result'],
    registers,
  });
  const webhookDuration = new Histogram({
    name: 'webhook_request_duration_seconds',
    help: 'Time from receiving a webhook request until its answer is ready, by result.',
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
    help: 'Messages, statuses and unknown updates in webhooks by outcome.',
    labelNames: ['provider', 'outcome'],
    registers,
  });
  const verified = new Counter({
    name: 'webhook_verified_total',
    help: 'Webhooks with a valid signature by secret.',
    labelNames: ['provider', 'secret'],
    registers,
  });
  const lastVerified = new Gauge({
    name: 'webhook_secret_last_verified_timestamp_seconds',
    help: 'Time of the last valid signature by secret.',
    labelNames: ['provider', 'secret'],
    registers,
  });
  const rejections = new Counter({
    name: 'webhook_rejections_total',
    help: 'Rejected webhooks by reason.',
    labelNames: ['provider', 'reason'],
    registers,
  });
  for (const provider of providers) {
    for (const outcome of Object.keys(OUTCOMES)) updates.inc({ provider, outcome }, 0);
    for (const reason of Object.keys(REASONS)) rejections.inc({ provider, reason }, 0);
    verified.inc({ provider, secret: 'current' }, 0);
  }
  const ingestLag = new Histogram({
    name: 'webhook_ingest_lag_seconds',
    help: 'Time from the ts of a message until it is stored.',
    buckets: LAG_SECONDS,
    registers,
  });

  const counts = series<Counter.Internal>();
  const durations = series<ReturnType<typeof webhookDuration.labels>>();
  const lastVerifications = series<ReturnType<typeof lastVerified.labels>>();

  return {
    webhookRequest({ result, seconds }) {
      counts(`webhook ${result}`, () => webhookRequests.labels({ result })).inc();
      durations(result, () => webhookDuration.labels({ result })).observe(seconds);
    },
    updates(provider, outcome, count) {
      counts(`updates ${provider} ${outcome}`, () => updates.labels({ provider, outcome })).inc(count);
    },
    verified(provider, secret) {
      counts(`verified ${provider} ${secret}`, () => verified.labels({ provider, secret })).inc();
      lastVerifications(`${provider} ${secret}`, () => lastVerified.labels({ provider, secret })).setToCurrentTime();
    },
    rejected(provider, reason) {
      rejections.inc({ provider, reason });
    },
    ingestLag(seconds) {
      ingestLag.observe(seconds);
    },
  };
}
