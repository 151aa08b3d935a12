import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/connection.ts';
import { sign } from '../support/http-client.ts';
import { startService, type RunningService } from '../support/service.ts';

/** The requests of existing callers, byte for byte as curl sends them. */

function curl(method: string, target: string, headers: readonly string[] = [], body = ''): string {
  const length = body === '' ? [] : [`Content-Length: ${String(Buffer.byteLength(body))}`];
  const lines = [
    'Host: localhost:8000',
    'User-Agent: curl/8.5.0',
    'Accept: */*',
    'Connection: close',
    ...headers,
    ...length,
  ];
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

const post = (signature: string, body: string): string =>
  curl('POST', '/webhook', ['Content-Type: application/json', `X-Signature: ${signature}`], body);

describe('the examples of the README', () => {
  const BODY =
    '{"message_id":"m1","from":"+919876543210","to":"+14155550100","ts":"2025-01-15T10:00:00Z","text":"Hello"}';
  const MESSAGE: unknown = JSON.parse(BODY);
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({ WEBHOOK_SECRET: 'your-secret-here' });
    const answer = await service.raw(post(sign('your-secret-here', BODY), BODY));
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok' }]);
  });

  afterAll(() => service.stop());

  it.each([
    ['/messages', 50],
    ['/messages?limit=10&offset=0', 10],
    ['/messages?from=%2B919876543210', 50],
    ['/messages?since=2025-01-15T00:00:00Z', 50],
    ['/messages?q=hello', 50],
  ])('GET %s lists the message', async (target, limit) => {
    const answer = await service.raw(curl('GET', target));
    expect(answer.json()).toEqual({ data: [MESSAGE], total: 1, limit, offset: 0, next_cursor: null });
  });

  it('GET /stats counts it', async () => {
    expect((await service.raw(curl('GET', '/stats'))).json()).toEqual({
      total_messages: 1,
      senders_count: 1,
      messages_per_sender: [{ from: '+919876543210', count: 1 }],
      first_message_ts: '2025-01-15T10:00:00Z',
      last_message_ts: '2025-01-15T10:00:00Z',
    });
  });

  it('GET /health/live and /health/ready answer 200', async () => {
    expect((await service.raw(curl('GET', '/health/live'))).json()).toEqual({ status: 'alive' });
    expect((await service.raw(curl('GET', '/health/ready'))).json()).toEqual({
      status: 'ready',
      checks: { database: 'ok', schema: 'ok', webhook_secret: 'ok' },
      providers: ['webhook'],
    });
  });

  it('GET /metrics is the Prometheus text format', async () => {
    const { headers, body } = await service.raw(curl('GET', '/metrics'));
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body).toContain('webhook_requests_total{result="created"} 1\n');
  });
});

describe('the manual script', () => {
  const SECRET = 'test-secret-123';
  const UNSIGNED = '{"message_id":"m1","from":"+1234567890","to":"+0987654321","ts":"2025-01-15T10:00:00Z"}';
  const BODY = '{"message_id":"m1","from":"+1234567890","to":"+0987654321","ts":"2025-01-15T10:00:00Z","text":"Hello"}';

  it('prints its previous output', async () => {
    const service = await startService({ WEBHOOK_SECRET: SECRET });
    const json = async (request: string): Promise<unknown> => (await service.raw(request)).json();
    try {
      expect(await json(curl('GET', '/health/live'))).toEqual({ status: 'alive' });
      await until(async () => (await service.raw(curl('GET', '/health/ready'))).status === 200); // its threads start
      expect(await json(curl('GET', '/health/ready'))).toMatchObject({ status: 'ready' });

      const refused = await service.raw(post('invalid', UNSIGNED));
      expect([refused.status, refused.json()]).toEqual([401, expect.objectContaining({ detail: 'invalid signature' })]);

      expect(await json(post(sign(SECRET, BODY), BODY))).toEqual({ status: 'ok' });
      expect(await json(post(sign(SECRET, BODY), BODY))).toEqual({ status: 'ok' });

      expect(await json(curl('GET', '/messages'))).toMatchObject({ data: [JSON.parse(BODY)], total: 1 });
      expect(await json(curl('GET', '/stats'))).toMatchObject({
        total_messages: 1,
        messages_per_sender: [{ from: '+1234567890', count: 1 }],
      });

      const { body: metrics } = await service.raw(curl('GET', '/metrics'));
      expect(metrics).toContain('http_requests_total{method="POST",path="/webhook",status="200"} 2\n');
      expect(metrics).toContain('http_requests_total{method="POST",path="/webhook",status="401"} 1\n');
      for (const result of ['created', 'duplicate', 'invalid_signature']) {
        expect(metrics).toContain(`webhook_requests_total{result="${result}"} 1\n`);
      }
    } finally {
      await service.stop();
    }
  });
});
