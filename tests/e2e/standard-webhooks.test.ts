import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import type { CheckedAnswer } from '../support/http-client.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const [CURRENT, PREVIOUS] = [32, 24].map((bytes) => `whsec_${randomBytes(bytes).toString('base64')}`) as [
  string,
  string,
];

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    STANDARD_WEBHOOK_SECRET: CURRENT,
    STANDARD_WEBHOOK_SECRET_PREVIOUS: PREVIOUS,
    STANDARD_WEBHOOK_TOLERANCE_SECONDS: '60',
  });
});
afterAll(() => service.stop());

const now = (): number => Math.floor(Date.now() / 1_000);

interface Sending {
  readonly id: string;
  readonly at?: number;
  readonly secret?: string;
  readonly family?: 'webhook' | 'svix';
  readonly headers?: Record<string, string>;
}

function post(message: object, { id, at = now(), secret = CURRENT, family = 'webhook', headers = {} }: Sending) {
  const body = JSON.stringify(message);
  const signature = signStandardWebhook({ secret, id, timestampSeconds: at, body });
  return service.fetch('/webhooks/standard', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      [`${family}-id`]: id,
      [`${family}-timestamp`]: String(at),
      [`${family}-signature`]: signature,
      ...headers,
    },
    body,
  });
}

const told = ({ status, headers }: CheckedAnswer): unknown => [status, headers.get('x-message-result')];

describe('a Standard Webhook', () => {
  it('signed by the official library is stored, with its bytes', async () => {
    const body = JSON.stringify({ ...MESSAGE, message_id: 'official' });
    const timestamp = new Date();
    const signature = new Webhook(CURRENT).sign('msg_official', timestamp, body);
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'webhook-id': 'msg_official',
      'webhook-timestamp': String(Math.floor(timestamp.getTime() / 1_000)),
      'webhook-signature': signature,
    };
    expect(told(await service.fetch('/webhooks/standard', { method: 'POST', headers, body }))).toEqual([
      200,
      'created',
    ]);
    expect((await service.read('/messages/official')).json()).toMatchObject({
      provider: 'standard',
      from: MESSAGE.from,
    });
    const raw = await service.read('/messages/official/raw');
    expect([raw.headers.get('content-type'), raw.body]).toEqual(['application/json; charset=utf-8', body]);
  });

  it('replayed inside the window is a duplicate, like any delivery with the same id', async () => {
    const sending: Sending = { id: 'msg_1', at: now() - 30 };
    expect(told(await post({ ...MESSAGE, message_id: 'r1' }, sending))).toEqual([200, 'created']);
    expect(told(await post({ ...MESSAGE, message_id: 'r1' }, sending))).toEqual([200, 'duplicate']);
    expect(told(await post({ ...MESSAGE, message_id: 'r2' }, sending))).toEqual([200, 'duplicate']);
    expect((await service.read('/messages/r2')).status).toBe(404);
    expect(told(await post({ ...MESSAGE, message_id: 'r2' }, { id: 'msg_2' }))).toEqual([200, 'created']);
    expect(told(await post({ ...MESSAGE, message_id: 'r2', text: 'other' }, { id: 'msg_3' }))).toEqual([
      200,
      'conflict',
    ]);
  });

  it('cannot get a new id that its signature does not cover', async () => {
    const sending: Sending = { id: 'msg_svix', family: 'svix' };
    expect(told(await post({ ...MESSAGE, message_id: 'svix' }, sending))).toEqual([200, 'created']);
    const forged = { ...sending, headers: { 'webhook-id': 'msg_new' } };
    expect(told(await post({ ...MESSAGE, message_id: 'svix' }, forged))).toEqual([200, 'duplicate']);
  });

  // A future timestamp comes nearer while the request is in flight.
  it.each([-61, 90, -86_400])('sent %d seconds from now is rejected', async (delta) => {
    const answer = await post(MESSAGE, { id: 'msg_stale', at: now() + delta });
    expect([answer.status, answer.json()]).toEqual([401, expect.objectContaining({ detail: 'invalid signature' })]);
    const line = await service.log.requestWith(answer.headers.get('x-request-id'));
    expect(line).toMatchObject({
      provider: 'standard',
      result: 'invalid_signature',
      signature_failure: 'stale_timestamp',
    });
  });

  it('needs an id that can be stored', async () => {
    const answer = await post(MESSAGE, { id: 'x'.repeat(256) });
    expect([answer.status, answer.json()]).toMatchObject([422, { errors: [{ loc: ['header', 'webhook-id'] }] }]);
  });

  it('counts the secret that signed it, so that the end of a rotation can be seen', async () => {
    const before = now();
    expect(told(await post({ ...MESSAGE, message_id: 'old' }, { id: 'msg_old', secret: PREVIOUS }))).toEqual([
      200,
      'created',
    ]);
    const metrics = (await service.read('/metrics')).body;
    expect(metrics).toMatch(/^webhook_verified_total\{provider="standard",secret="previous"\} 1$/m);
    const last =
      /^webhook_secret_last_verified_timestamp_seconds\{provider="standard",secret="previous"\} (\S+)$/m.exec(metrics);
    expect(Number(last?.[1])).toBeGreaterThanOrEqual(before);
  });

  it('is verified by a public key alone', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const [x, d] = [publicKey, privateKey].map((key) => key.export({ format: 'jwk' })) as [
      { x: string },
      { d: string },
    ];
    const base64 = (part: string) => Buffer.from(part, 'base64url').toString('base64');
    const asymmetric = await startService({ STANDARD_WEBHOOK_SECRET: `whpk_${base64(x.x)}` });
    const outer = service;
    service = asymmetric;
    try {
      const sending: Sending = { id: 'msg_a', secret: `whsk_${base64(d.d)}` };
      expect(told(await post(MESSAGE, sending))).toEqual([200, 'created']);
      expect(told(await post(MESSAGE, { id: 'msg_b' }))).toEqual([401, null]);
      expect((await service.read('/health/ready')).json()).toMatchObject({ providers: ['standard', 'webhook'] });
    } finally {
      await asymmetric.stop();
      service = outer;
    }
  });
});

describe('a previous secret that has expired', () => {
  it('is rejected, and the current one is not', async () => {
    const expired = await startService({
      STANDARD_WEBHOOK_SECRET: CURRENT,
      STANDARD_WEBHOOK_SECRET_PREVIOUS: PREVIOUS,
      STANDARD_WEBHOOK_SECRET_PREVIOUS_EXPIRES_AT: '2026-01-01T00:00:00Z',
    });
    const outer = service;
    service = expired;
    try {
      expect(told(await post(MESSAGE, { id: 'msg_p', secret: PREVIOUS }))).toEqual([401, null]);
      expect(told(await post(MESSAGE, { id: 'msg_c' }))).toEqual([200, 'created']);
    } finally {
      await expired.stop();
      service = outer;
    }
  });
});
