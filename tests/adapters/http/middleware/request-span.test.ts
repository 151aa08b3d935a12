import type { Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import * as conventions from '@opentelemetry/semantic-conventions';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { hmacSignature } from '../../../../src/adapters/signature/hmac.ts';
import { StoreUnavailable, type MessageRepository } from '../../../../src/application/ports/store.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import type { HttpClient } from '../../../support/http-client.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { recordingTracer, type RecordedSpan } from '../../../support/recording-tracer.ts';
import { MESSAGE, SECRET } from '../../../support/service.ts';

/** What the store throws instead of storing, in the test that sets it. */
let broken: Error | undefined;
const sound = inMemoryMessageRepository();
const repository: MessageRepository = {
  ...sound,
  add: (updates) => (broken === undefined ? sound.add(updates) : Promise.reject(broken)),
  health: () => Promise.resolve({ database: 'unreachable', schema: 'unknown' }),
};
const clock = manualClock(timestampFromMicros(0n));
const verifiers = new Map([[WEBHOOK, hmacSignature({ current: SECRET, previous: undefined }, { clock })]]);
const logger = recordingLogger();
const tracer = recordingTracer();
let server: Server;
let client: HttpClient;
let origin: string;

beforeAll(async () => {
  const parts = { repository, verifiers, metrics: recordingMetrics(), logger, clock, tracer };
  const { port, ...served } = await serveHttp(parts);
  ({ server, client } = served);
  origin = `http://127.0.0.1:${String(port)}`;
});

beforeEach(() => {
  broken = undefined;
  tracer.spans.length = 0;
});

afterAll(() => {
  server.close();
  server.closeAllConnections();
});

function requestSpan(): RecordedSpan {
  const [span, ...others] = tracer.spans.filter(({ parent }) => parent === undefined || !('recorded' in parent));
  if (span === undefined || others.length > 0) throw new Error('not one request was traced');
  return span;
}

describe('the span of a request', () => {
  it.each<[string, () => Promise<unknown>, string, Record<string, string | number>]>([
    [
      'a webhook',
      () => client.webhook(MESSAGE),
      'POST /webhook',
      { 'http.response.status_code': 200, 'webhook.provider': 'webhook', 'webhook.result': 'created' },
    ],
    [
      'one that is refused',
      () => client.webhook(MESSAGE, { 'x-signature': '0'.repeat(64) }),
      'POST /webhook',
      {
        'http.response.status_code': 401,
        'webhook.provider': 'webhook',
        'webhook.result': 'invalid_signature',
        'webhook.rejection': 'wrong_digest',
      },
    ],
    [
      'one that is not valid',
      () => client.webhook({ ...MESSAGE, from: 'nobody' }),
      'POST /webhook',
      {
        'http.response.status_code': 422,
        'webhook.provider': 'webhook',
        'webhook.result': 'validation_error',
        'webhook.rejection': 'schema',
      },
    ],
    ['a read', () => client.fetch('/messages?q=secret'), 'GET /messages', { 'http.response.status_code': 200 }],
    [
      'a read of a message that does not exist',
      () => client.fetch('/messages/some-id'),
      'GET /messages/{message_id}',
      { 'http.response.status_code': 404, 'url.path': '/messages/{message_id}' },
    ],
  ])('of %s', async (_what, ask, name, attributes) => {
    await ask();
    const [method = '', route = ''] = name.split(' ');
    const span = requestSpan();
    expect([span.name, span.failure, span.ended]).toEqual([name, undefined, true]);
    expect(span.attributes).toEqual({
      'http.request.method': method,
      'http.route': route,
      'url.path': route,
      'url.scheme': 'http',
      ...attributes,
    });
  });

  it.each([
    ['GET', '/+919876543210/%39%38%37%36%35', 'GET', '/+********3210/*8765'],
    ['PROPFIND', '/nothing', 'HTTP', '/nothing'],
  ])('of a path outside the contract has no route and no number: %s %s', async (method, path, name, shown) => {
    await client.stream({ method, path });
    const span = requestSpan();
    expect(span.name).toBe(name);
    expect(span.attributes).toEqual({
      'http.request.method': name === 'HTTP' ? '_OTHER' : name,
      'http.response.status_code': 404,
      'url.path': shown,
      'url.scheme': 'http',
    });
  });

  it.each([
    [new StoreUnavailable('where the store is'), 503, 'StoreUnavailable', 'unavailable'],
    [new TypeError('what a person wrote'), 500, 'TypeError', 'internal_error'],
  ])('fails after an error of the service, with the kind of the error', async (error, status, name, result) => {
    broken = error;
    await client.webhook(MESSAGE);
    const span = requestSpan();
    expect((span.failure as Error).name).toBe(name);
    expect(span.attributes).toMatchObject({ 'http.response.status_code': status, 'webhook.result': result });
    expect(tracer.named('IngestMessage')[0]?.failure).toBe(error);
  });

  it('fails with the status if nothing was thrown', async () => {
    await client.fetch('/health/ready');
    expect(requestSpan().failure).toBe('503');
  });

  it('ends when a stream begins, however long the stream lasts', async () => {
    const stop = new AbortController();
    const { status } = await fetch(`${origin}/messages/stream`, { signal: stop.signal });
    const span = requestSpan();
    expect([status, span.name, span.ended]).toEqual([200, 'GET /messages/stream', true]);
    stop.abort();
  });

  it("uses the names of OpenTelemetry's stable conventions", () => {
    const { ATTR_HTTP_REQUEST_METHOD, ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_HTTP_ROUTE, ...others } = conventions;
    expect([ATTR_HTTP_REQUEST_METHOD, others.HTTP_REQUEST_METHOD_VALUE_OTHER]).toEqual([
      'http.request.method',
      '_OTHER',
    ]);
    expect([ATTR_HTTP_RESPONSE_STATUS_CODE, ATTR_HTTP_ROUTE]).toEqual(['http.response.status_code', 'http.route']);
    expect([others.ATTR_URL_PATH, others.ATTR_URL_SCHEME]).toEqual(['url.path', 'url.scheme']);
  });
});

describe('the trace of a request', () => {
  it.each([
    ['/messages', 'ListMessages'],
    ['/messages/some-id', 'ListMessages.one'],
    ['/messages/some-id/raw', 'ListMessages.payload'],
    ['/stats', 'ComputeStats'],
    ['/stats/timeseries?bucket=day', 'ComputeTimeseries'],
    ['/rejections', 'Rejections'],
  ])('%s contains the use case %s', async (path, name) => {
    await client.fetch(path);
    const [useCase, ...others] = tracer.named(name);
    expect(others).toEqual([]);
    expect(useCase?.parent).toBe(requestSpan());
    expect(useCase?.ended).toBe(true);
  });

  it('is the trace that the caller names', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'a=b' };
    await client.fetch('/stats', { headers });
    expect(requestSpan().parent).toEqual({ traceId, spanId: '00f067aa0ba902b7', sampled: true, state: 'a=b' });
  });

  it('is in the log and is stored with the message', async () => {
    await client.webhook({ ...MESSAGE, message_id: 'traced' });
    const { context } = requestSpan();
    expect(logger.lines.at(-1)?.fields).toMatchObject({ trace_id: context?.traceId, span_id: context?.spanId });
    expect((await client.fetch('/messages/traced')).json()).toMatchObject({ trace_id: context?.traceId });
  });
});
