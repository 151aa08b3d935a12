import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { prometheusMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import type { Metrics } from '../../../src/application/ports.ts';
import { provider, WEBHOOK } from '../../../src/domain/provider.ts';
import { characters } from '../../support/arbitraries.ts';
import { lint, parseExposition, valueOf, type Family } from './exposition.ts';

const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0';

function used(metrics: Metrics): Metrics {
  metrics.httpRequest({ method: 'GET', path: '/messages', status: 200, seconds: 0.02 });
  metrics.httpRequest({ method: 'POST', path: '/webhook', status: 401, seconds: 0.02 });
  metrics.webhookRequest('created');
  metrics.webhookRequest('content_too_large');
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
  metrics.connectionDropped();
  return metrics;
}

const stored = (): Promise<number> => Promise.resolve(42);
const families = async (accept?: string): Promise<Family[]> =>
  parseExposition((await used(prometheusMetrics(stored)).exposition(accept)).body);
describe('the exposition', () => {
  it('has all that is promised, in base units, with help', async () => {
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
      commit_batch_messages: 'histogram',
      commit_duration_seconds: 'histogram',
      commit_queue_messages: 'gauge',
      request_body_bytes: 'gauge',
      request_bodies_shed_total: 'counter',
      http_connections_dropped_total: 'counter',
      stored_messages: 'gauge',
      process_cpu_seconds_total: 'counter',
      process_resident_memory_bytes: 'gauge',
      nodejs_eventloop_lag_seconds: 'gauge',
    });
    expect(types.size).toBe(all.length);
    expect(all.flatMap(lint)).toEqual([]);
  });

  it('has the values that were told', async () => {
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
    expect(valueOf(all, 'commit_batch_messages_sum')).toBe(4);
    expect(valueOf(all, 'commit_duration_seconds_count', { outcome: 'failed' })).toBe(1);
    expect(valueOf(all, 'commit_queue_messages')).toBe(4);
    expect(valueOf(all, 'request_body_bytes')).toBe(3_000);
    expect(valueOf(all, 'request_bodies_shed_total')).toBe(1);
    expect(valueOf(all, 'http_connections_dropped_total')).toBe(1);
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
    const metrics = used(prometheusMetrics(stored));
    const { contentType, body } = await metrics.exposition(`${OPEN_METRICS},text/plain;q=0.5`);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
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

  it('may be asked for in turn', async () => {
    const metrics = used(prometheusMetrics(stored));
    const series = async (accept?: string): Promise<string[]> =>
      (await metrics.exposition(accept)).body.split('\n').map((line) => line.replace(/ .*/, ''));
    const [plain, open] = [await series(), await series(OPEN_METRICS)];
    expect(await series()).toEqual(plain);
    expect(await series(OPEN_METRICS)).toEqual(open);
  });

  it.each([undefined, '', '*/*', 'text/plain', 'text/html,application/xhtml+xml'])(
    'is plain for Accept %s',
    async (accept) => {
      const { contentType, body } = await prometheusMetrics(stored).exposition(accept);
      expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
      expect(body).not.toContain('# EOF');
    },
  );
});

describe('stored_messages', () => {
  it('is asked for at each scrape', async () => {
    let count = 0;
    const metrics = prometheusMetrics(() => Promise.resolve(++count));
    expect(valueOf(parseExposition((await metrics.exposition(undefined)).body), 'stored_messages')).toBe(1);
    expect(valueOf(parseExposition((await metrics.exposition(OPEN_METRICS)).body), 'stored_messages')).toBe(2);
  });

  it('stays as it was while the store fails, and the rest is told', async () => {
    let answer: () => Promise<number> = stored;
    const metrics = prometheusMetrics(() => answer());
    await metrics.exposition(undefined);
    answer = () => Promise.reject(new Error('away'));
    metrics.webhookRequest('created');
    const all = parseExposition((await metrics.exposition(undefined)).body);
    expect(valueOf(all, 'stored_messages')).toBe(42);
    expect(valueOf(all, 'webhook_requests_total', { result: 'created' })).toBe(1);
  });
});

describe('labels', () => {
  it('can hold anything', async () => {
    const metrics = prometheusMetrics(stored);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: characters, minLength: 1 }), async (result) => {
        const total = async (): Promise<number> => {
          const all = parseExposition((await metrics.exposition(undefined)).body);
          const { samples = [] } = all.find(({ name }) => name === 'webhook_requests_total') ?? {};
          return samples.reduce((sum, { value }) => sum + value, 0);
        };
        const before = await total();
        metrics.webhookRequest(result);
        expect(await total()).toBe(before + 1);
      }),
      { numRuns: 20, examples: [['"'], ['\\'], ['\n'], ['a"} 5\n']] },
    );
  });
});

describe('two of them', () => {
  it('do not share what they count', async () => {
    const [one, other] = [prometheusMetrics(stored), prometheusMetrics(stored)];
    one.webhookRequest('created');
    expect(
      valueOf(parseExposition((await other.exposition(undefined)).body), 'webhook_requests_total', {
        result: 'created',
      }),
    ).toBe(0);
  });
});
