import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { prometheusMetrics, type PrometheusMetrics } from '../../../../src/adapters/telemetry/metrics/prometheus.ts';
import { registerStoreGauges } from '../../../../src/adapters/telemetry/metrics/store-gauges.ts';
import type { Readiness } from '../../../../src/application/readiness/check-readiness.ts';
import type { StoreUsage } from '../../../../src/application/ports/store.ts';
import { provider, WEBHOOK } from '../../../../src/domain/provider.ts';
import { characters } from '../../../support/arbitraries.ts';
import { lint, parseExposition, valueOf, type Family } from './exposition.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';

function used(metrics: PrometheusMetrics): PrometheusMetrics {
  metrics.httpRequest({ method: 'GET', path: '/messages', status: 200, seconds: 0.02 });
  metrics.httpRequest({ method: 'POST', path: '/webhook', status: 401, seconds: 0.02 });
  metrics.webhookRequest({ result: 'created', seconds: 0.02 });
  metrics.webhookRequest({ result: 'content_too_large', seconds: 0.0004 });
  metrics.updates(WEBHOOK, 'created', 1);
  metrics.updates(provider('whatsapp'), 'duplicate', 100);
  metrics.updates(provider('whatsapp'), 'duplicate', 1);
  metrics.verified(WEBHOOK, 'current');
  metrics.verified(WEBHOOK, 'current');
  metrics.verified(WEBHOOK, 'previous');
  metrics.rejected(WEBHOOK, 'wrong_digest');
  metrics.ingestLag(0.3);
  metrics.commit({ messages: 3, seconds: 0.004, outcome: 'committed' });
  metrics.commit({ messages: 1, seconds: 9, outcome: 'failed' });
  metrics.queueDepth(4);
  metrics.bodyBytes(3_000);
  metrics.bodyShed();
  metrics.unreadBytes(2_000);
  metrics.answerShed();
  metrics.connectionReset();
  metrics.messageStreams(7);
  metrics.backgroundStep('search_index', true);
  metrics.backgroundStep('counters', false);
  metrics.connectionDropped();
  return metrics;
}

const USAGE: StoreUsage = {
  messages: 42,
  uncountedMessages: 3,
  unindexedMessages: 5,
  databaseBytes: 8_192,
  reusableBytes: 4_096,
  disk: { sizeBytes: 1_000_000, availableBytes: 250_000 },
};
const READINESS: Readiness = {
  ...{ status: 'not_ready', database: 'ok', schema: 'outdated', webhookSecret: 'ok', providers: [WEBHOOK] },
  failingSteps: [],
};
const options = {
  providers: [WEBHOOK],
  maxQueuedMessages: 100,
  maxBufferedBytes: 1_000,
  maxUnreadBytes: 5_000,
  maxStreams: 100,
  usage: () => Promise.resolve(USAGE),
  readiness: () => Promise.resolve(READINESS),
};
const families = async (accept?: string): Promise<Family[]> =>
  parseExposition((await used(prometheusMetrics(options)).exposition(accept)).body);
describe('the exposition', () => {
  it('has all promised metrics, in base units, with help', async () => {
    const all = await families();
    const types = new Map(all.map(({ name, type }) => [name, type]));
    expect(Object.fromEntries(types)).toMatchObject({
      http_requests_total: 'counter',
      http_request_duration_seconds: 'histogram',
      webhook_requests_total: 'counter',
      webhook_updates_total: 'counter',
      webhook_verified_total: 'counter',
      webhook_secret_last_verified_timestamp_seconds: 'gauge',
      webhook_rejections_total: 'counter',
      webhook_ingest_lag_seconds: 'histogram',
      background_step_failing: 'gauge',
      commit_batch_messages: 'histogram',
      commit_duration_seconds: 'histogram',
      commit_queue_messages: 'gauge',
      request_body_bytes: 'gauge',
      request_bodies_shed_total: 'counter',
      http_connections_dropped_total: 'counter',
      http_connections_reset_total: 'counter',
      response_unread_bytes: 'gauge',
      response_unread_limit_bytes: 'gauge',
      responses_shed_total: 'counter',
      messages_erased_total: 'counter',
      retention_blocked: 'gauge',
      message_streams: 'gauge',
      message_streams_limit: 'gauge',
      stored_messages: 'gauge',
      webhook_request_duration_seconds: 'histogram',
      commit_queue_limit_messages: 'gauge',
      request_body_limit_bytes: 'gauge',
      readiness_check_passed: 'gauge',
      process_cpu_seconds_total: 'counter',
      process_resident_memory_bytes: 'gauge',
      nodejs_eventloop_lag_seconds: 'gauge',
    });
    expect(types.size).toBe(all.length);
    expect(all.flatMap(lint)).toEqual([]);
  });

  it('has the values that were recorded', async () => {
    const all = await families();
    expect(valueOf(all, 'http_requests_total', { method: 'GET', path: '/messages', status: '200' })).toBe(1);
    expect(valueOf(all, 'webhook_requests_total', { result: 'created' })).toBe(1);
    expect(valueOf(all, 'webhook_requests_total', { result: 'content_too_large' })).toBe(1);
    expect(valueOf(all, 'webhook_requests_total', { result: 'duplicate' })).toBe(0);
    expect(valueOf(all, 'webhook_updates_total', { provider: 'whatsapp', outcome: 'duplicate' })).toBe(101);
    expect(valueOf(all, 'webhook_updates_total', { provider: 'webhook', outcome: 'created' })).toBe(1);
    expect(valueOf(all, 'webhook_verified_total', { provider: 'webhook', secret: 'current' })).toBe(2);
    expect(valueOf(all, 'webhook_verified_total', { provider: 'webhook', secret: 'previous' })).toBe(1);
    expect(valueOf(all, 'webhook_rejections_total', { provider: 'webhook', reason: 'wrong_digest' })).toBe(1);
    const last = valueOf(all, 'webhook_secret_last_verified_timestamp_seconds', { secret: 'previous' });
    expect(Math.abs(Number(last) - Date.now() / 1_000)).toBeLessThan(60);
    expect(valueOf(all, 'webhook_ingest_lag_seconds_bucket', { le: '0.5' })).toBe(1);
    expect(valueOf(all, 'webhook_ingest_lag_seconds_bucket', { le: '0.1' })).toBe(0);
    expect(valueOf(all, 'webhook_request_duration_seconds_bucket', { result: 'created', le: '0.025' })).toBe(1);
    expect(valueOf(all, 'webhook_request_duration_seconds_bucket', { result: 'created', le: '0.01' })).toBe(0);
    expect(valueOf(all, 'commit_queue_limit_messages')).toBe(100);
    expect(valueOf(all, 'request_body_limit_bytes')).toBe(1_000);
    expect(valueOf(all, 'commit_batch_messages_sum')).toBe(4);
    expect(valueOf(all, 'commit_duration_seconds_count', { outcome: 'failed' })).toBe(1);
    expect(valueOf(all, 'commit_queue_messages')).toBe(4);
    expect(valueOf(all, 'request_body_bytes')).toBe(3_000);
    expect(valueOf(all, 'request_bodies_shed_total')).toBe(1);
    expect(valueOf(all, 'http_connections_dropped_total')).toBe(1);
    expect(valueOf(all, 'http_connections_reset_total')).toBe(1);
    expect(valueOf(all, 'response_unread_bytes')).toBe(2_000);
    expect(valueOf(all, 'response_unread_limit_bytes')).toBe(5_000);
    expect(valueOf(all, 'responses_shed_total')).toBe(1);
    expect(valueOf(all, 'stored_messages')).toBe(42);
  });

  it('has histograms that add up', async () => {
    for (const { name, samples } of (await families()).filter(({ type }) => type === 'histogram')) {
      const counts = samples.filter((sample) => sample.name === `${name}_count`);
      for (const { labels, value } of counts) {
        const series = JSON.stringify(labels);
        const buckets = samples.filter((sample) => {
          const { le, ...rest } = sample.labels;
          return le !== undefined && JSON.stringify(rest) === series;
        });
        expect(buckets.at(-1)).toMatchObject({ labels: { le: '+Inf' }, value });
        expect(buckets.map((bucket) => bucket.value)).toEqual(
          buckets.map((bucket) => bucket.value).sort((a, b) => a - b),
        );
      }
    }
  });

  it('is the same as OpenMetrics, whose counters are named without their suffix', async () => {
    const metrics = used(prometheusMetrics(options));
    const { contentType, body } = await metrics.exposition(`${OPEN_METRICS},text/plain;q=0.5`);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
    expect(body).not.toContain('\n\n'); // otherwise Prometheus accepts none of it
    const open = parseExposition(body);
    const plain = await families();
    expect(open.map(({ name, type }) => (type === 'counter' ? `${name}_total` : name))).toEqual(
      plain.map(({ name }) => name),
    );
    for (const { name, type, samples } of open.filter((family) => family.type === 'counter')) {
      expect([name, type, samples.every((sample) => sample.name === `${name}_total`)]).toEqual([name, 'counter', true]);
    }
    expect(valueOf(open, 'webhook_requests_total', { result: 'created' })).toBe(1);
    expect(valueOf(open, 'stored_messages')).toBe(42);
  });

  it('may be requested in either format, one after the other', async () => {
    const metrics = used(prometheusMetrics(options));
    // Node has a series for each kind of garbage collection and handle that has occurred so far.
    const series = async (accept?: string): Promise<string[]> =>
      (await metrics.exposition(accept)).body
        .split('\n')
        .filter((line) => !line.startsWith('nodejs_'))
        .map((line) => line.replace(/ .*/, ''));
    const [plain, open] = [await series(), await series(OPEN_METRICS)];
    expect(await series()).toEqual(plain);
    expect(await series(OPEN_METRICS)).toEqual(open);
  });

  it.each([undefined, '', '*/*', 'text/plain', 'text/html,application/xhtml+xml'])(
    'is plain for Accept %s',
    async (accept) => {
      const { contentType, body } = await prometheusMetrics(options).exposition(accept);
      expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(body).not.toContain('# EOF');
    },
  );
});

describe('figures from the store', () => {
  const GAUGES = {
    ...{ stored_messages: 42, uncounted_messages: 3, unindexed_messages: 5 },
    ...{ database_size_bytes: 8_192, database_reusable_bytes: 4_096 },
    ...{ database_disk_size_bytes: 1_000_000, database_disk_available_bytes: 250_000 },
  };
  const told = async (metrics: PrometheusMetrics) => parseExposition((await metrics.exposition(undefined)).body);

  it('are reported', async () => {
    const all = await told(prometheusMetrics(options));
    for (const [name, value] of Object.entries(GAUGES)) expect([name, valueOf(all, name)]).toEqual([name, value]);
    const passed = (check: string) => valueOf(all, 'readiness_check_passed', { check });
    expect(['database', 'schema', 'webhook_secret'].map(passed)).toEqual([1, 0, 1]);
  });

  it('are requested once per scrape', async () => {
    let messages = 0;
    const metrics = prometheusMetrics({ ...options, usage: () => Promise.resolve({ ...USAGE, messages: ++messages }) });
    expect(valueOf(await told(metrics), 'stored_messages')).toBe(1);
    const open = parseExposition((await metrics.exposition(OPEN_METRICS)).body);
    expect(valueOf(open, 'stored_messages')).toBe(2);
  });

  it('stay as they were while the store fails, and all other metrics are reported', async () => {
    let away = false;
    const answer = <T>(value: T) => (away ? Promise.reject(new Error('away')) : Promise.resolve(value));
    const metrics = prometheusMetrics({
      ...options,
      usage: () => answer(USAGE),
      readiness: () => answer(READINESS),
    });
    await metrics.exposition(undefined);
    away = true;
    metrics.webhookRequest({ result: 'created', seconds: 0.02 });
    const all = await told(metrics);
    expect(valueOf(all, 'stored_messages')).toBe(42);
    expect(valueOf(all, 'readiness_check_passed', { check: 'schema' })).toBe(0);
    expect(valueOf(all, 'webhook_requests_total', { result: 'created' })).toBe(1);
  });

  it('are absent while they are unknown: 0 would mean that all is lost, or that the disk is full', async () => {
    const usage = { ...USAGE, unindexedMessages: null, reusableBytes: null, disk: null };
    const postgres = await told(prometheusMetrics({ ...options, usage: () => Promise.resolve(usage) }));
    expect(valueOf(postgres, 'database_size_bytes')).toBe(8_192);
    const never = await told(prometheusMetrics({ ...options, usage: () => Promise.reject(new Error('away')) }));
    const unknown = ['unindexed_messages', 'database_reusable_bytes', 'database_disk_size_bytes'];
    for (const name of [...unknown, 'database_disk_available_bytes']) expect(valueOf(postgres, name)).toBeUndefined();
    for (const name of Object.keys(GAUGES)) expect(valueOf(never, name)).toBeUndefined();
  });

  it('delay no scrape, and are not requested again before the store has answered', async () => {
    const registry = new Registry();
    let asked = 0;
    const { promise, resolve } = Promise.withResolvers<StoreUsage>();
    registerStoreGauges(registry, { ...options, usage: () => (asked++, promise) }, 1);
    const scrape = async () => valueOf(parseExposition(await registry.metrics()), 'stored_messages');
    expect(await scrape()).toBeUndefined();
    expect(await scrape()).toBeUndefined();
    expect(asked).toBe(1);
    resolve(USAGE);
    expect(await scrape()).toBe(42);
    expect(asked).toBe(1);
  });
});

describe('an event that has not happened yet', () => {
  it('is 0: a rate misses the event that a series begins with', async () => {
    const { body } = await prometheusMetrics(options).exposition(undefined);
    const all = parseExposition(body);
    const zeros: [string, Record<string, string>][] = [
      ...['accepted', 'unavailable', 'no_secret_configured'].flatMap((result): [string, Record<string, string>][] => [
        ['webhook_requests_total', { result }],
        ['webhook_request_duration_seconds_count', { result }],
        ['webhook_request_duration_seconds_bucket', { result, le: '1' }],
      ]),
      ['webhook_updates_total', { provider: 'webhook', outcome: 'status_stale' }],
      ['webhook_rejections_total', { provider: 'webhook', reason: 'schema' }],
      ['webhook_verified_total', { provider: 'webhook', secret: 'current' }],
      ['commit_duration_seconds_count', { outcome: 'failed' }],
      ['http_rate_limited_total', { kind: 'webhooks' }],
    ];
    for (const [name, labels] of zeros) expect([name, labels, valueOf(all, name, labels)]).toEqual([name, labels, 0]);
  });
});

describe('labels', () => {
  it('may contain any character', async () => {
    const metrics = prometheusMetrics(options);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: characters, minLength: 1 }), async (result) => {
        const total = async (): Promise<number> => {
          const all = parseExposition((await metrics.exposition(undefined)).body);
          const { samples = [] } = all.find(({ name }) => name === 'webhook_requests_total') ?? {};
          return samples.reduce((sum, { value }) => sum + value, 0);
        };
        const before = await total();
        metrics.webhookRequest({ result, seconds: 0.02 });
        expect(await total()).toBe(before + 1);
      }),
      { numRuns: 20, examples: [['"'], ['\\'], ['\n'], ['a"} 5\n']] },
    );
  });
});

describe('two registries', () => {
  it('do not share their counts', async () => {
    const [one, other] = [prometheusMetrics(options), prometheusMetrics(options)];
    one.webhookRequest({ result: 'created', seconds: 0.02 });
    expect(
      valueOf(parseExposition((await other.exposition(undefined)).body), 'webhook_requests_total', {
        result: 'created',
      }),
    ).toBe(0);
  });
});
