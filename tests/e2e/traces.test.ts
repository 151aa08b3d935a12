import { Agent } from 'node:http';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { packageInfo } from '../../src/infrastructure/package-info.ts';
import { leakWatch, type LeakWatch } from '../support/leak-watch.ts';
import type { LogRecord } from '../support/log-lines.ts';
import { postWebhook } from '../support/post-webhook.ts';
import { onReceived } from '../support/received-requests.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';
import { traceCollector, type CollectedSpan, type TraceCollector } from '../support/trace-collector.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER = '00f067aa0ba902b7';
const traceparent = (flags: string): Record<string, string> => ({ traceparent: `00-${TRACE}-${CALLER}-${flags}` });

/** A service that traces, does this work and is stopped, so that its collector has all spans. */
async function traced(
  environment: Readonly<Record<string, string>>,
  work: (service: RunningService, watch: LeakWatch) => Promise<void>,
  answer?: Parameters<typeof traceCollector>[0],
): Promise<{ collector: TraceCollector; log: readonly LogRecord[]; watch: LeakWatch; stopMs: number }> {
  const collector = await traceCollector(answer);
  const watch = leakWatch();
  try {
    const settings = { WEBHOOK_SECRET: SECRET, OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...environment };
    watch.secretsOf(settings);
    const service = await startService(settings);
    const stopListening = onReceived(service.port, watch.sent);
    try {
      await work(service, watch);
    } finally {
      stopListening();
    }
    const stopping = performance.now();
    await service.stop();
    return { collector, log: service.log.records, watch, stopMs: performance.now() - stopping };
  } finally {
    await collector.close();
  }
}

const inTrace = (spans: readonly CollectedSpan[], traceId: string | undefined) =>
  new Map(spans.filter((span) => span.traceId === traceId).map((span) => [span.name, span]));

describe('one webhook', () => {
  let collector: TraceCollector;
  let stored: unknown;
  let record: LogRecord;
  let spans: Map<string, CollectedSpan>;

  beforeAll(async () => {
    ({ collector } = await traced(
      { OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=te%20st' },
      async (service) => {
        const { headers } = await service.webhook(MESSAGE);
        record = await service.log.requestWith(headers.get('x-request-id'));
        stored = (await service.fetch('/messages/m1')).json();
      },
    ));
    spans = inTrace(collector.spans, String(record['trace_id']));
  });

  it('is a tree: request, use case, queue and commit', () => {
    const parentOf = (name: string) => {
      const id = spans.get(name)?.parentSpanId;
      return [...spans.values()].find(({ spanId }) => spanId === id)?.name;
    };
    expect([...spans.keys()].sort()).toEqual(['IngestMessage', 'POST /webhook', 'commit', 'commit queue']);
    expect(parentOf('POST /webhook')).toBeUndefined();
    expect(parentOf('IngestMessage')).toBe('POST /webhook');
    expect(parentOf('commit queue')).toBe('IngestMessage');
    expect(parentOf('commit')).toBe('IngestMessage');
    expect([...spans.values()].map(({ name, kind }) => [name, kind])).toContainEqual(['POST /webhook', 'server']);
  });

  it('has nested spans, and the queue before the commit', () => {
    const named = (name: string) => {
      const span = spans.get(name);
      if (span === undefined) throw new Error(`no span is named ${name}`);
      return span;
    };
    const [request, useCase] = [named('POST /webhook'), named('IngestMessage')];
    const [queue, commit] = [named('commit queue'), named('commit')];
    const times = [
      ...[request.startedAt, useCase.startedAt, queue.startedAt, commit.startedAt],
      ...[commit.endedAt, useCase.endedAt, request.endedAt],
    ];
    expect(times).toEqual([...times].sort((a, b) => Number(a - b)));
    expect(queue.endedAt >= queue.startedAt && queue.endedAt <= commit.endedAt).toBe(true);
  });

  it('has its outcome', () => {
    expect(spans.get('POST /webhook')?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'http.route': '/webhook',
      'url.path': '/webhook',
      'url.scheme': 'http',
      'webhook.provider': 'webhook',
      'webhook.result': 'created',
    });
    expect(spans.get('commit')?.attributes).toEqual({ 'commit.messages': 1, 'commit.outcome': 'committed' });
  });

  it('has the trace id of its log line and of its message', () => {
    expect(record).toMatchObject({ span_id: spans.get('POST /webhook')?.spanId });
    expect(stored).toMatchObject({ trace_id: record['trace_id'] });
  });

  it('has the attributes of its process', () => {
    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'webhook-inbox',
      'service.version': packageInfo.version,
      'service.instance.id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'deployment.environment.name': 'te st',
    });
    expect(new Set(collector.exports.map(({ path }) => path))).toEqual(new Set(['/v1/traces']));
  });
});

describe("a caller's trace", () => {
  it('continues here, and is stored with the message', async () => {
    let stored: unknown;
    const { collector } = await traced({}, async (service) => {
      await service.webhook(MESSAGE, { ...traceparent('01'), tracestate: 'vendor=a' });
      stored = (await service.fetch('/messages/m1')).json();
    });
    const request = inTrace(collector.spans, TRACE).get('POST /webhook');
    expect(request).toMatchObject({ parentSpanId: CALLER, traceState: 'vendor=a' });
    expect(inTrace(collector.spans, TRACE).size).toBe(4);
    expect(stored).toMatchObject({ trace_id: TRACE });
  });

  it('that is not recorded is not recorded here, but logged and stored', async () => {
    let stored: unknown;
    const { collector, log } = await traced({}, async (service) => {
      await service.webhook(MESSAGE, traceparent('00'));
      stored = (await service.fetch('/messages/m1', { headers: traceparent('00') })).json();
    });
    expect(collector.exports).toEqual([]);
    expect(log.filter(({ trace_id: traceId }) => traceId === TRACE)).toHaveLength(2);
    expect(stored).toMatchObject({ trace_id: TRACE });
  });
});

describe('fifty webhooks at a time', () => {
  it('are each linked to the commit that stored them, and it is linked to each of them', async () => {
    const agent = new Agent({ keepAlive: true });
    const { collector } = await traced({}, async ({ port }) => {
      const bodies = Array.from({ length: 50 }, (_, i) => JSON.stringify({ ...MESSAGE, message_id: `m${String(i)}` }));
      const answers = await Promise.all(bodies.map((body) => postWebhook(port, body, agent)));
      expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200));
      agent.destroy();
    });
    const [useCases, commits] = [collector.named('IngestMessage'), collector.named('commit')];
    const linked = commits.flatMap(({ links }) => links.map(({ spanId }) => spanId));
    expect(linked.sort()).toEqual(useCases.map(({ spanId }) => spanId).sort());
    expect(new Set(useCases.map(({ traceId }) => traceId)).size).toBe(50);
    expect(commits.length).toBeLessThan(50);
    expect(commits.map(({ attributes }) => attributes['commit.messages'])).toEqual(
      commits.map(({ links }) => links.length),
    );
    for (const { parentSpanId, links } of collector.named('commit queue')) {
      const commit = commits.find(({ spanId }) => spanId === links[0]?.spanId);
      expect(commit?.links.map(({ spanId }) => spanId)).toContain(parentSpanId);
    }
  });
});

describe('sampling', () => {
  it.each([
    ['always_off', '', 0],
    ['parentbased_traceidratio', '0', 1],
    ['parentbased_traceidratio', '1', 2],
    ['traceidratio', '0', 0],
    ['always_on', '', 3],
  ])('by %s %s', async (sampler, share, requests) => {
    const environment = { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: share };
    const { collector } = await traced(environment, async (service) => {
      await service.fetch('/health/live');
      await service.fetch('/health/live', { headers: traceparent('00') });
      await service.fetch('/health/live', { headers: traceparent('01') });
    });
    expect(collector.named('GET /health/live')).toHaveLength(requests);
  });
});

describe('no span is exported', () => {
  it.each<[string, (url: string) => Record<string, string>]>([
    ['without an endpoint', () => ({ OTEL_EXPORTER_OTLP_ENDPOINT: '' })],
    ['when the SDK is disabled', () => ({ OTEL_SDK_DISABLED: 'true' })],
  ])('%s, and the log has no trace of its own', async (_when, environment) => {
    let stored: unknown;
    const { collector, log } = await traced(environment(''), async (service) => {
      await service.webhook(MESSAGE, traceparent('01'));
      await service.fetch('/stats');
      stored = (await service.fetch('/messages/m1')).json();
    });
    expect(collector.exports).toEqual([]);
    expect(log.filter((record) => 'span_id' in record)).toEqual([]);
    expect(log.filter((record) => 'trace_id' in record)).toHaveLength(1);
    expect(stored).toMatchObject({ trace_id: TRACE }); // the caller's trace is stored nevertheless
  });
});

describe('spans', () => {
  it('contain no secret, signature, key, text, number or value of a query', async () => {
    const key = 'the-reading-key-of-somebody';
    const headers = { authorization: `Bearer ${key}` };
    const environment = { READ_API_KEYS: key, OTEL_EXPORTER_OTLP_HEADERS: 'api-key=the-key%20of-the-collector' };
    const { collector, watch } = await traced(environment, async (service) => {
      const message = { ...MESSAGE, from: '+919876501234', text: 'words between two people' };
      await service.webhook(message);
      await service.webhook({ ...message, text: 'other words between them' });
      await service.webhook({ ...message, from: 'no number at all' });
      await service.webhook(message, { 'x-signature': 'f'.repeat(64) });
      await service.webhook('no JSON at all');
      await service.fetch('/messages?from=%2B919876501234&q=words-sought', { headers });
      await service.fetch('/messages/m1', { headers });
      await service.fetch('/messages', { headers: { authorization: 'Bearer another-key-of-somebody' } });
      await service.fetch('/919876501234/messages?token=an-unknown-value');
      await service.stream({ method: 'PROPFIND', path: '/%39%31%39%38%37%36%35' });
    });
    expect(collector.exports[0]?.headers).toMatchObject({ 'api-key': 'the-key of-the-collector' });
    expect(collector.spans.length).toBeGreaterThan(15);
    const strings = collector.spans.flatMap(({ name, attributes, status, traceState, events }) => {
      expect([status.message, traceState, events]).toEqual(['', '', 0]);
      return [name, ...Object.keys(attributes), ...Object.values(attributes).map(String)];
    });
    for (const text of new Set(strings)) expect([text, watch.leaksInText(text)]).toEqual([text, []]);
    const sent = Buffer.concat(collector.exports.map(({ body }) => body)).toString('latin1');
    for (const word of [SECRET, key, '919876501234', 'words', 'no number', 'm1']) expect(sent).not.toContain(word);
  });
});

describe('a collector', () => {
  it.each<[string, Parameters<typeof traceCollector>[0]]>([
    ['that says nothing', () => undefined],
    ['that breaks', (response) => response.writeHead(500).end()],
    ['that hangs up', (response) => response.destroy()],
  ])('%s delays no webhook, and the shutdown only up to its limit', async (_what, answer) => {
    const environment = { SHUTDOWN_TIMEOUT_MS: '1000', OTEL_EXPORTER_OTLP_TIMEOUT: '900' };
    const { log, stopMs } = await traced(
      environment,
      async (service) => {
        for (let i = 0; i < 150; i++) {
          const { status } = await service.webhook({ ...MESSAGE, message_id: `m${String(i)}` }); // 600 spans: an export is in flight
          expect(status).toBe(200);
        }
      },
      answer,
    );
    expect(stopMs).toBeLessThan(8_000); // an exporter without a limit would take at least 10 s
    const warnings = log.filter(({ level }) => level === 'WARNING');
    expect(warnings.length).toBeGreaterThan(0);
    expect(warnings.filter(({ message }) => message === 'traces cannot be exported').length).toBeLessThanOrEqual(1);
    expect(log.filter(({ level }) => level === 'ERROR')).toEqual([]);
  });
});
