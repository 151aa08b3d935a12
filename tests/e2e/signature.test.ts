import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '../support/connection.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const body = JSON.stringify({ ...MESSAGE, text: 'signed by somebody' });
const json = { 'content-type': 'application/json' };
const right = sign(SECRET, body);

describe('with a secret', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await startService({ MAX_BODY_BYTES: '1024' });
  });

  afterAll(() => service.stop());

  const post = (headers: Record<string, string>, sent: string = body) =>
    service.fetch('/webhook', { method: 'POST', headers, body: sent });

  it.each([
    ['lower case', right],
    ['upper case', right.toUpperCase()],
    ['a prefix', `sha256=${right}`],
    ['a prefix in upper case', `SHA256=${right.toUpperCase()}`],
    ['others beside it', `sha256=${'0'.repeat(64)}, nonsense,${right}`],
  ])('a correct signature is accepted in %s', async (_form, signature) => {
    expect((await post({ ...json, 'x-signature': signature })).status).toBe(200);
  });

  it('a correct signature is accepted from a repeated header', async () => {
    const lines = [
      'Host: x',
      'Connection: close',
      'Content-Type: application/json',
      'X-Signature: 00',
      `X-Signature: ${right}`,
    ];
    const head = [`POST /webhook HTTP/1.1`, ...lines, `Content-Length: ${String(body.length)}`].join('\r\n');
    expect((await service.raw(`${head}\r\n\r\n${body}`)).status).toBe(200);
  });

  it('all others are rejected with the same answer', async () => {
    const wrong: Record<string, string>[] = [
      {},
      { 'x-signature': '' },
      { 'x-signature': 'invalid' },
      { 'x-signature': right.slice(1) },
      { 'x-signature': `${right}0` },
      { 'x-signature': `sha1=${right}` },
      { 'x-signature': sign(SECRET, `${body} `) },
      { 'x-signature': sign('', body) },
      { 'x-signature': sign('another-secret', body) },
      { 'x-signature': Buffer.from(right, 'hex').toString('base64') },
    ];
    for (const headers of wrong) {
      const answer = await post({ ...json, ...headers });
      expect(answer.status).toBe(401);
      expect(answer.json()).toEqual({
        type: '/problems/invalid-signature',
        title: 'Unauthorized',
        status: 401,
        detail: 'invalid signature',
        instance: answer.headers.get('x-request-id'),
      });
    }
  });

  it('covers the bytes: another order of the same members needs another signature', async () => {
    const reordered = JSON.stringify(Object.fromEntries(Object.entries(MESSAGE).reverse()));
    expect((await post({ ...json, 'x-signature': sign(SECRET, JSON.stringify(MESSAGE)) }, reordered)).status).toBe(401);
  });

  it('is checked after the size and before everything else', async () => {
    const unsigned = { 'x-signature': '00' };
    const tooLong = ' '.repeat(1_025);
    expect((await post({ 'content-type': 'text/plain', ...unsigned }, tooLong)).status).toBe(413);
    expect((await post({ 'content-type': 'text/plain', ...unsigned }, 'not json')).status).toBe(401);
    expect((await post({ ...json, ...unsigned }, 'not json')).status).toBe(401);
    expect((await post({ ...json, ...unsigned }, '{}')).status).toBe(401);
    const signed = { 'x-signature': sign(SECRET, 'not json') };
    expect((await post({ 'content-type': 'text/plain', ...signed }, 'not json')).status).toBe(415);
    expect((await post({ ...json, ...signed }, 'not json')).status).toBe(422);
  });
});

describe('during a rotation', () => {
  it('signatures of both secrets are accepted, and no others', async () => {
    const service = await startService({ WEBHOOK_SECRET: 'the new one', WEBHOOK_SECRET_PREVIOUS: 'the old one' });
    try {
      const status = async (secret: string): Promise<number> =>
        (await service.webhook(body, { 'x-signature': sign(secret, body) })).status;
      expect(await status('the new one')).toBe(200);
      expect(await status('the old one')).toBe(200);
      expect(await status('the one before')).toBe(401);
    } finally {
      await service.stop();
    }
  });
});

describe('without a secret', () => {
  it('webhooks get 503 with Retry-After, readiness names the cause, and reading works', async () => {
    // The previous secret alone counts for nothing: the current one was emptied by mistake.
    const service = await startService({ WEBHOOK_SECRET: '', WEBHOOK_SECRET_PREVIOUS: 'the old one' });
    try {
      for (const secret of ['', 'the old one', SECRET]) {
        const answer = await service.webhook(body, { 'x-signature': sign(secret, body) });
        expect([answer.status, answer.json()]).toEqual([
          503,
          expect.objectContaining({ detail: 'no webhook secret is configured' }),
        ]);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // Before its threads have started, the database is not reachable.
      await until(async () => (await service.fetch('/health/ready')).body.includes('"database":"ok"'));
      const readiness = await service.read('/health/ready');
      expect([readiness.status, readiness.json()]).toEqual([
        503,
        { status: 'not_ready', checks: { database: 'ok', schema: 'ok', webhook_secret: 'missing' }, providers: [] },
      ]);
      expect((await service.read('/messages')).json()).toMatchObject({ total: 0 });
      expect((await service.read('/health/live')).status).toBe(200);
    } finally {
      await service.stop();
    }
  });
});
