import { createHash, createHmac } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

interface Listed {
  readonly data: readonly Record<string, unknown>[];
  readonly total: number;
  readonly next_cursor: string | null;
}

let service: RunningService;

async function list(query = ''): Promise<Listed> {
  return (await service.read(`/rejections${query}`)).json() as Listed;
}

/** The rejection of that request, once it is written: about a second later. */
async function rejectionOf(requestId: string | null): Promise<Record<string, unknown>> {
  for (;;) {
    const found = (await list('?limit=100')).data.find(({ request_id: id }) => id === requestId);
    if (found !== undefined) return found;
  }
}

describe('GET /rejections', () => {
  beforeAll(async () => {
    service = await startService({ STANDARD_WEBHOOK_SECRET: STANDARD_SECRET, MAX_BODY_BYTES: '1024' });
  });
  afterAll(() => service.stop());

  const body = JSON.stringify(MESSAGE);
  const base64 = createHmac('sha256', SECRET).update(body).digest('base64');
  const cases: [string, string, string, Record<string, string>, object][] = [
    ['no signature', '/webhook', body, { 'x-signature': '' }, { reason: 'missing_header', diagnosis: null }],
    ['a word', '/webhook', body, { 'x-signature': 'zz' }, { reason: 'malformed_signature', diagnosis: null }],
    [
      'another secret',
      '/webhook',
      body,
      { 'x-signature': sign('other', body) },
      { reason: 'wrong_digest', diagnosis: null },
    ],
    [
      'base64 for hexadecimal',
      '/webhook',
      body,
      { 'x-signature': base64 },
      { reason: 'malformed_signature', diagnosis: expect.objectContaining({ mistake: 'base64_for_hex' }) },
    ],
    [
      'a line break that was not signed',
      '/webhook',
      `${body}\n`,
      { 'x-signature': sign(SECRET, body) },
      { reason: 'wrong_digest', diagnosis: expect.objectContaining({ mistake: 'trailing_newline' }) },
    ],
    [
      'another header',
      '/webhook',
      body,
      { 'x-hub-signature-256': `sha256=${sign(SECRET, body)}` },
      { reason: 'missing_header', diagnosis: expect.objectContaining({ mistake: 'other_header' }) },
    ],
    [
      'another media type',
      '/webhook',
      body,
      { 'x-signature': sign(SECRET, body), 'content-type': 'text/plain' },
      { reason: 'media_type', detail: 'send the body as application/json: it came as text/plain' },
    ],
    ['no JSON', '/webhook', '{', { 'x-signature': sign(SECRET, '{') }, { reason: 'malformed_json', detail: 'body' }],
    [
      'missing and wrong fields',
      '/webhook',
      '{"ts":1,"from":"+1"}',
      { 'x-signature': sign(SECRET, '{"ts":1,"from":"+1"}') },
      { reason: 'schema', detail: expect.stringMatching(/^(body\.(message_id|to|ts)(, )?){3}$/) },
    ],
    [
      'too much',
      '/webhook',
      'x'.repeat(1_025),
      {},
      { reason: 'too_large', detail: 'the body is larger than 1024 bytes', body_bytes: 0, body_sha256: null },
    ],
  ];

  it.each(cases)('lists %s', async (_what, path, sent, headers, expected) => {
    const answer = await service.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: sent,
    });
    expect(answer.status).toBeGreaterThan(400);
    const isRead = !('body_bytes' in expected);
    expect(await rejectionOf(answer.headers.get('x-request-id'))).toMatchObject({
      provider: 'webhook',
      excerpt: null,
      ...(isRead && { body_bytes: sent.length, body_sha256: createHash('sha256').update(sent).digest('hex') }),
      header_names: expect.arrayContaining(['content-type', 'host']),
      ...expected,
    });
  });

  it('says by how much a timestamp differs', async () => {
    const at = Math.floor(Date.now() / 1_000) - 4_000;
    const signature = signStandardWebhook({ secret: STANDARD_SECRET, id: 'msg_1', timestampSeconds: at, body });
    const answer = await service.fetch('/webhooks/standard', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(at),
        'webhook-signature': signature,
      },
      body,
    });
    const told = await rejectionOf(answer.headers.get('x-request-id'));
    expect(told).toMatchObject({ provider: 'standard', reason: 'stale_timestamp' });
    expect(told['detail']).toMatch(/^-40\d\d s from now$/);
  });

  it('names a limited number of headers, each with a limited length', async () => {
    const long = 'x-'.padEnd(100, 'a');
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a-${String(i)}`, '']));
    const names: unknown[] = [];
    for (const headers of [{ [long]: '' }, many]) {
      const answer = await service.webhook(body, { ...headers, 'x-signature': 'zz' });
      names.push((await rejectionOf(answer.headers.get('x-request-id')))['header_names']);
    }
    expect(names).toEqual([
      expect.arrayContaining([long.slice(0, 64), 'x-signature']),
      Object.keys(many).sort().slice(0, 64),
    ]);
  });

  it('is paged and filtered', async () => {
    const { total } = await list();
    expect(total).toBe(cases.length + 3);
    const seen: unknown[] = [];
    let page = await list('?limit=4');
    for (;;) {
      seen.push(...page.data.map(({ id }) => id));
      if (page.next_cursor === null) break;
      page = await list(`?limit=4&cursor=${page.next_cursor}`);
    }
    expect(seen).toEqual((await list('?limit=100')).data.map(({ id }) => id));
    expect((await list('?offset=1&limit=1')).data).toEqual((await list('?limit=2')).data.slice(1));
    expect((await list('?provider=standard')).total).toBe(1);
    expect((await list('?reason=malformed_signature&provider=webhook')).total).toBe(4);
  });

  it.each([
    'limit=0',
    'limit=101',
    'reason=unheard_of',
    'provider=No',
    'cursor=WzcsbnVsbCxudWxsXQ&offset=1',
    'cursor=WzcsbnVsbCxudWxsXQ&reason=schema',
    'cursor=W251bGwsbnVsbCxudWxsXQ',
    'cursor=AAAA',
  ])('rejects %s', async (query) => {
    expect((await service.read(`/rejections?${query}`)).status).toBe(422);
  });
});

describe('a separate service', () => {
  afterEach(() => service.stop());

  it('keeps the beginning of the body if that is enabled', async () => {
    service = await startService({ REJECTION_EXCERPT_BYTES: '12' });
    const answer = await service.webhook('{"a":"\0ü"}and so on', { 'x-signature': '0'.repeat(64) });
    expect(await rejectionOf(answer.headers.get('x-request-id'))).toMatchObject({ excerpt: '{"a":"\uFFFDü"}a' });
  });

  it('requires a read key if one is set, and lists nothing without a secret', async () => {
    service = await startService({ READ_API_KEYS: 'a-key-of-sixteen', WEBHOOK_SECRET: '' });
    expect((await service.read('/rejections')).status).toBe(401);
    expect((await service.webhook(MESSAGE)).status).toBe(503);
    const answer = await service.read('/rejections', { authorization: 'Bearer a-key-of-sixteen' });
    expect(answer.json()).toMatchObject({ data: [], total: 0, next_cursor: null });
    const metrics = await service.read('/metrics', { authorization: 'Bearer a-key-of-sixteen' });
    expect(metrics.body).not.toMatch(/^webhook_rejections_total\{/m);
  });

  it('also keeps the rejections from right before it stopped', async () => {
    service = await startService();
    const stopping = await startService({ DATABASE_URL: service.databaseUrl });
    const answer = await stopping.webhook(MESSAGE, { 'x-signature': '0'.repeat(64) });
    await stopping.stop();
    expect((await list()).data).toMatchObject([{ request_id: answer.headers.get('x-request-id') }]);
  });

  it('counts all of a flood, keeps a part of it, and accepts messages meanwhile', async () => {
    service = await startService({});
    const start = performance.now();
    const statuses = new Set<number>();
    // Up to a number that always gets connections, even on a busy machine.
    const flood = Array.from({ length: 100 }, async () => {
      for (let i = 0; i < 20; i++)
        statuses.add((await service.webhook(MESSAGE, { 'x-signature': '0'.repeat(64) })).status);
    });
    const good = Array.from({ length: 50 }, (_, i) => service.webhook({ ...MESSAGE, message_id: `good ${String(i)}` }));
    expect((await Promise.all(good)).map(({ status }) => status)).toEqual(good.map(() => 200));
    await Promise.all(flood);
    // Over the limit of its address it gets 429, which affects neither the kept rejections nor valid signatures.
    expect(statuses).toEqual(new Set([401, 429]));
    const { body } = await service.read('/metrics');
    expect(body).toMatch(/^webhook_rejections_total\{provider="webhook",reason="wrong_digest"\} 2000$/m);
    let total = 0;
    while (total < 50) ({ total } = await list()); // the burst, once it is written
    expect(total).toBeLessThanOrEqual(50 + (5 * (performance.now() - start)) / 1_000);
  });
});
