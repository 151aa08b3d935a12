import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sign } from '../support/http-client.ts';
import type { LogRecord } from '../support/log-lines.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const KEY = 'the-reading-key-of-somebody';
const authorization = { authorization: `Bearer ${KEY}` };
let service: RunningService;

beforeAll(async () => {
  service = await startService({
    READ_API_KEYS: KEY,
    LOG_LEVEL: 'debug',
    WEBHOOK_SECRET_PREVIOUS: 'the previous secret',
  });
});

afterAll(() => service.stop());

const common = (requestId: string, rest: LogRecord): LogRecord => ({
  ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  level: 'INFO',
  message: 'request',
  request_id: requestId,
  latency_ms: expect.any(Number),
  ...rest,
});

describe('the line of a request', () => {
  it('has these fields and no others', async () => {
    await service.fetch('/stats', { headers: { 'x-request-id': 'line', ...authorization } });
    const record = await service.log.requestWith('line');
    expect(record).toEqual(common('line', { method: 'GET', path: '/stats', status: 200 }));
    expect(Object.keys(record).slice(0, 2)).toEqual(['ts', 'level']);
    expect(record['latency_ms']).toBeGreaterThan(0);
  });

  it('has the template for the path if there is one', async () => {
    await service.fetch('/messages/some-id?limit=5', { headers: { 'x-request-id': 'template', ...authorization } });
    expect(await service.log.requestWith('template')).toMatchObject({ path: '/messages/{message_id}', status: 404 });
  });

  it('limits an unknown path, and hides digits that may be a number', async () => {
    const path = `/%2B919876543210/+12345678/+4915%31%32%33%34567/${'long'.repeat(500)}`;
    await service.fetch(path, { headers: { 'x-request-id': 'unmatched' } });
    const { path: logged } = await service.log.requestWith('unmatched');
    expect(String(logged).length).toBeLessThanOrEqual(256);
    expect(logged).not.toMatch(/[0-9]{5}/);
  });

  it.each<[string, unknown, Record<string, string>, LogRecord]>([
    ['created', MESSAGE, {}, { status: 200, message_id: 'm1', dup: false, result: 'created' }],
    ['duplicate', MESSAGE, {}, { status: 200, message_id: 'm1', dup: true, result: 'duplicate' }],
    [
      'conflict',
      { ...MESSAGE, text: 'other words' },
      {},
      { status: 200, message_id: 'm1', dup: true, result: 'conflict' },
    ],
    [
      'unsigned',
      MESSAGE,
      { 'x-signature': '' },
      { status: 401, result: 'invalid_signature', signature_failure: 'missing_header' },
    ],
    [
      'malformed',
      MESSAGE,
      { 'x-signature': 'zz' },
      { status: 401, result: 'invalid_signature', signature_failure: 'malformed_signature' },
    ],
    [
      'wrong',
      MESSAGE,
      { 'x-signature': '0'.repeat(64) },
      { status: 401, result: 'invalid_signature', signature_failure: 'wrong_digest' },
    ],
    ['media', MESSAGE, { 'content-type': 'text/plain' }, { status: 415, result: 'unsupported_media_type' }],
    ['invalid', {}, {}, { status: 422, result: 'validation_error' }],
    ['large', 'x'.repeat(3_145_729), {}, { status: 413, result: 'content_too_large' }],
  ])('reports the outcome of a webhook: %s', async (name, body, headers, expected) => {
    if (name === 'duplicate' || name === 'conflict') await service.webhook(MESSAGE);
    const id = `webhook-${name}`;
    const message = name === 'created' ? { ...MESSAGE, message_id: 'first' } : body;
    await service.webhook(message, { 'x-request-id': id, ...headers });
    const fields = name === 'created' ? { ...expected, message_id: 'first' } : expected;
    expect(await service.log.requestWith(id)).toEqual(
      common(id, { method: 'POST', path: '/webhook', provider: 'webhook', ...fields }),
    );
  });
});

describe('the log', () => {
  it('has one line for each request of any kind', async () => {
    const asks = [
      () => service.fetch('/health/live'),
      () => service.fetch('/health/live', { method: 'HEAD' }),
      () => service.fetch('/nothing'),
      () => service.fetch('/stats'),
      () => service.fetch('/stats', { method: 'DELETE' }),
      () => service.webhook('no json'),
      () => service.raw('GET /stats HTTP/1.1\r\nConnection: close\r\n\r\n'),
      () => service.stream({ method: 'PROPFIND', path: '/' }),
    ];
    const requestIds: (string | null)[] = [];
    for (const ask of asks) requestIds.push((await ask()).headers.get('x-request-id'));
    for (const requestId of requestIds) await service.log.requestWith(requestId);
    const logged = service.log.requests.map(({ request_id: id }) => id);
    for (const requestId of requestIds) expect(logged.filter((id) => id === requestId)).toHaveLength(1);
  });

  it('contains no secret, signature, key, text, number or value of a query', async () => {
    const message = {
      message_id: 'private',
      from: '+919876501234',
      to: '+14155501239',
      ts: '2025-01-15T10:00:00Z',
      text: 'words between two people',
    };
    const body = JSON.stringify(message);
    const values = ['words-sought', '2021-02-03T04:05:06Z', 'an-unknown-value', 'bnVsbG51bGxudWxs'];
    const requests = [
      service.webhook(message),
      service.webhook({ ...message, text: 'other words between them' }),
      service.webhook({ ...message, from: 'no number at all' }),
      service.webhook(body.slice(1)),
      service.webhook(message, { 'x-signature': sign('a wrong secret', body) }),
      service.webhook(message, { authorization: 'Bearer another-key-of-somebody' }),
      service.fetch(`/messages?from=%2B919876501234&q=${values[0] ?? ''}`, { headers: authorization }),
      service.fetch(`/messages?since=${values[1] ?? ''}&x=${values[2] ?? ''}`, { headers: authorization }),
      service.fetch(`/messages?cursor=${values[3] ?? ''}`, { headers: authorization }),
      service.fetch(`/nothing?token=${values[2] ?? ''}`, {
        headers: { authorization: 'Bearer another-key-of-somebody' },
      }),
      service.fetch('/919876501234/messages'),
    ];
    for (const { headers } of await Promise.all(requests)) await service.log.requestWith(headers.get('x-request-id'));

    const hidden = [
      ...[SECRET, 'the previous secret', KEY, 'another-key-of-somebody', ...values],
      ...[sign(SECRET, body), sign('a wrong secret', body), body],
      ...['919876501234', '14155501239', 'words between', 'no number at all'],
    ];
    for (const word of hidden) expect(service.log.text).not.toContain(word);
    expect(service.log.text).toContain('"message_id":"private"');
  });
});
