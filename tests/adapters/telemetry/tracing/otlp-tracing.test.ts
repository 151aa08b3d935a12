import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { diag } from '@opentelemetry/api';
import { otlpTracing, type Tracing } from '../../../../src/adapters/telemetry/tracing/otlp-tracing.ts';
import type { TracingOptions } from '../../../../src/adapters/telemetry/tracing/tracing-options.ts';
import { recordingLogger } from '../../../support/fakes.ts';
import { traceCollector, type TraceCollector } from '../../../support/trace-collector.ts';

/** The number of spans that makes the SDK export immediately. */
const BATCH = 512;
/** The number of spans that may wait behind a batch in flight. */
const QUEUE = 8_192;
const CLOSE_MS = 60_000;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function collecting(answer?: Parameters<typeof traceCollector>[0]): Promise<TraceCollector> {
  const collector = await traceCollector(answer);
  closing.push(() => collector.close());
  return collector;
}

function tracingTo(collector: { readonly url: string }, options: Partial<TracingOptions> = {}) {
  const logger = recordingLogger();
  const tracing = otlpTracing(
    {
      endpoint: `${collector.url}/v1/traces`,
      headers: {},
      timeoutMs: 3_000,
      sampler: 'parentbased_always_on',
      ratio: 1,
      resource: { 'service.name': 'a-service' },
      ...options,
    },
    logger,
  );
  return { tracing, logger, lines: () => logger.lines.map(({ level, message }) => `${level} ${message}`) };
}

function spans({ tracer }: Tracing, count: number): void {
  for (let i = 0; i < count; i++) tracer.startSpan('work').end();
}

const timed = async (work: () => Promise<void>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

describe('the last spans', () => {
  it('are exported on close, with the attributes of the process and the headers', async () => {
    const collector = await collecting();
    const { tracing, lines } = tracingTo(collector, { headers: { 'api-key': 'of-the-collector' } });
    spans(tracing, 3);
    await tracing.close(CLOSE_MS);
    expect(collector.named('work')).toHaveLength(3);
    expect(collector.spans[0]?.resource).toMatchObject({
      'service.name': 'a-service',
      'telemetry.sdk.name': 'opentelemetry',
    });
    expect(collector.exports.map(({ path, headers }) => [path, headers['api-key']])).toEqual([
      ['/v1/traces', 'of-the-collector'],
    ]);
    expect(lines()).toEqual([]);
  });

  it('are dropped when the collector does not answer: closing takes up to its limit', async () => {
    const collector = await collecting(() => undefined);
    const { tracing, lines } = tracingTo(collector, { timeoutMs: 30_000 });
    spans(tracing, 3);
    const took = await timed(() => tracing.close(200));
    expect(took).toBeGreaterThan(150);
    expect(took).toBeLessThan(15_000);
    expect(lines()).toEqual(['warn the last traces were not exported in time']);
  });
});

describe('a collector that fails', () => {
  it.each<[string, number, string]>([
    ['refuses', 400, 'Bad Request'],
    ['has no right', 401, 'Unauthorized'],
    ['breaks', 500, 'Internal Server Error'],
    ['has too much to do', 503, 'Export failed with retryable status'],
  ])('and %s (%i) is one warning, without the body of the answer', async (_what, status, message) => {
    const collector = await collecting((response) =>
      response.writeHead(status).end('the key of-the-collector is wrong'),
    );
    const { tracing, logger, lines } = tracingTo(collector);
    spans(tracing, 2 * BATCH + 1);
    await tracing.close(CLOSE_MS);
    expect(lines()).toEqual(['warn traces cannot be exported']);
    expect(logger.lines[0]?.fields).toEqual({ error: { name: expect.any(String), message } });
  });

  it('because it cannot be reached is one warning, too', async () => {
    const collector = await traceCollector();
    await collector.close();
    const { tracing, lines } = tracingTo(collector);
    spans(tracing, BATCH + 1);
    await tracing.close(CLOSE_MS);
    expect(lines()).toEqual(['warn traces cannot be exported']);
  });

  it('and recovers is logged, with the number of lost spans', async () => {
    let status = 400;
    const collector = await collecting((response) => response.writeHead(status).end());
    const { tracing, logger, lines } = tracingTo(collector);
    spans(tracing, BATCH);
    await collector.exported(1);
    while (lines().length === 0) await new Promise((resolve) => setImmediate(resolve));
    status = 200;
    spans(tracing, 1);
    await tracing.close(CLOSE_MS);
    expect(lines()).toEqual(['warn traces cannot be exported', 'info traces are exported again']);
    expect(logger.lines[1]?.fields).toEqual({ spans_lost: BATCH });
  });

  it('and is only slow costs memory for a limited number of spans: further ones are dropped and logged', async () => {
    const held: ServerResponse[] = [];
    let hold = true;
    const collector = await collecting((response) => (hold ? held.push(response) : response.end()));
    const { tracing, logger, lines } = tracingTo(collector);
    spans(tracing, 10_000);
    await collector.exported(1);
    hold = false;
    for (const response of held) response.end();
    await collector.exported(1 + QUEUE / BATCH);
    spans(tracing, 1);
    await tracing.close(CLOSE_MS);
    expect(collector.spans).toHaveLength(BATCH + QUEUE + 1);
    expect(lines()).toEqual(['warn OpenTelemetry warns']);
    expect(logger.lines[0]?.fields['detail']).toContain(`Dropped ${String(10_000 - BATCH - QUEUE)} spans`);
  });
});

describe("the SDK's own warnings", () => {
  it('are logged up to once a minute, cut short', async () => {
    const { tracing, logger, lines } = tracingTo(await collecting());
    for (let i = 0; i < 10; i++) diag.warn(`dropped ${'x'.repeat(1_000)}`, { not: 'text' });
    diag.info('too much detail');
    expect(lines()).toEqual(['warn OpenTelemetry warns']);
    expect(String(logger.lines[0]?.fields['detail'])).toMatch(/^dropped x{248}$/);
    await tracing.close(CLOSE_MS);
  });
});
