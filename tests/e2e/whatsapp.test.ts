import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { whatsAppFixture, whatsAppFixtures } from '../support/fixtures.ts';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const APP_SECRET = 'the-app-secret';
const VERIFY_TOKEN = 'the token & only Meta knows it';

let service: RunningService;
beforeAll(async () => {
  service = await startService({ WHATSAPP_APP_SECRET: APP_SECRET, WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN });
});
afterAll(() => service.stop());

const post = (body: string, secret = APP_SECRET): Promise<CheckedAnswer> =>
  service.fetch('/webhooks/whatsapp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${sign(secret, body)}` },
    body,
  });

async function outcomes(body: string): Promise<unknown> {
  const answer = await post(body);
  expect(answer.status).toBe(200);
  return (answer.json() as { outcomes: unknown }).outcomes;
}

const get = async (id: string, query = ''): Promise<unknown> =>
  (await service.read(`/messages/${encodeURIComponent(id)}${query}`)).json();
const idIn = (fixture: string): string => /"id":"(wamid[^"]*)","timestamp"/.exec(fixture)?.[1] ?? '';

interface Change {
  from?: string;
  id?: unknown;
  timestamp?: unknown;
  type?: string;
  text?: { body: string };
}

function notification(messages: readonly Change[], statuses: readonly object[] = [], more: object = {}): string {
  const value = { metadata: { display_phone_number: '+1 555-078-3881' }, messages, statuses };
  const changes = [{ field: 'messages', value }];
  return JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }], ...more });
}

const text = (id: string, body = 'Hello', timestamp = '1749416383'): Change => ({
  from: '16505551234',
  id,
  timestamp,
  type: 'text',
  text: { body },
});

describe('a notification of Meta', () => {
  it.each<[string, object]>([
    ['text', { type: 'text', text: 'Does it come in größer 🙂?', ts: '2025-06-08T20:59:43Z' }],
    ['image', { type: 'image', text: 'Taj Mahal', ts: '2025-04-11T04:08:16Z' }],
    ['location', { type: 'location', text: 'Philz Coffee' }],
    ['reaction', { type: 'reaction', text: '👍' }],
    ['button-reply', { type: 'interactive', text: 'Cancel' }],
    ['unsupported-type', { type: 'unsupported', text: null }],
  ])('with a message of the shape %s is stored once, and its bytes are kept', async (name, expected) => {
    const fixture = whatsAppFixture(name);
    expect(await outcomes(fixture)).toEqual({ created: 1 });
    expect(await outcomes(fixture)).toEqual({ duplicate: 1 });
    const id = idIn(fixture);
    const common = { message_id: id, provider: 'whatsapp', from: '+16505551234', to: '+15550783881', status: null };
    expect(await get(id)).toMatchObject({ ...common, ...expected });
    const raw = await service.read(`/messages/${encodeURIComponent(id)}/raw`);
    expect([raw.status, raw.headers.get('content-type'), raw.body]).toEqual([200, 'application/json', fixture]);
  });

  it.each(['other-field', 'user-name-only'])('of the shape %s is accepted and kept', async (name) => {
    expect(await outcomes(whatsAppFixture(name))).toEqual({ kept: 1 });
  });

  it('is tested in every recorded shape', () => {
    const shapes = ['text', 'image', 'location', 'reaction', 'button-reply', 'unsupported-type', 'status'];
    expect([...shapes, 'status-failed', 'other-field', 'user-name-only'].sort()).toEqual([...whatsAppFixtures].sort());
  });

  it.each([
    '{}',
    '{"entry":null}',
    '{"entry":[[],1,{"changes":{}}]}',
    '{"entry":[{"changes":[{"field":"messages"}]}]}',
  ])('of an unknown shape is accepted and kept: %s', async (body) => {
    expect(await outcomes(body)).toEqual({ kept: 1 });
  });

  it.each<[string, Change]>([
    ['an id', { ...text(''), id: null, timestamp: null }],
    ['a sender', { ...text('no sender'), from: 'somebody' }],
    ['a time', { ...text('no time'), timestamp: 'now' }],
  ])('keeps a message without %s beside complete ones', async (what, broken) => {
    expect(await outcomes(notification([text(`beside ${what}`), broken]))).toEqual({ created: 1, kept: 1 });
  });

  it('keeps a text that cannot be stored in its bytes only', async () => {
    expect(await outcomes(notification([text('nul', 'a\0b'), text('long', 'x'.repeat(4_097))]))).toEqual({
      created: 2,
    });
    expect([await get('nul'), await get('long')]).toMatchObject([{ text: null }, { text: null }]);
  });

  it('is verified over its raw bytes, by the app secret alone', async () => {
    const fixture = whatsAppFixture('text');
    expect((await post(JSON.stringify(JSON.parse(fixture)), APP_SECRET)).status).toBe(200);
    const signature = sign(APP_SECRET, JSON.stringify(JSON.parse(fixture)));
    const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
    const refused = await service.fetch('/webhooks/whatsapp', { method: 'POST', headers, body: fixture });
    expect([refused.status, refused.json()]).toEqual([401, expect.objectContaining({ detail: 'invalid signature' })]);
    expect((await post(fixture, 'test-secret-123')).status).toBe(401);
  });
});

describe('the line of the log', () => {
  it('has the most important outcome of the updates: created, then conflict, then duplicate', async () => {
    const resultOf = async (...messages: object[]): Promise<unknown> => {
      const answer = await post(notification(messages));
      return (await service.log.requestWith(answer.headers.get('x-request-id') ?? ''))['result'];
    };
    expect(await resultOf(text('line'))).toBe('created');
    expect(await resultOf(text('line'), text('line', 'other'))).toBe('conflict');
    expect(await resultOf(text('line'), text('line', 'other'), text('new line'))).toBe('created');
    expect(await resultOf(text('line'))).toBe('duplicate');
    expect(await resultOf()).toBe('accepted');
  });
});

describe('ids of several providers', () => {
  it('never collide', async () => {
    expect((await service.webhook({ ...MESSAGE, message_id: 'same' })).headers.get('x-message-result')).toBe('created');
    expect(await outcomes(notification([text('same')]))).toEqual({ created: 1 });
    expect(await get('same')).toMatchObject({ provider: 'webhook', from: MESSAGE.from });
    expect(await get('same', '?provider=whatsapp')).toMatchObject({ provider: 'whatsapp', from: '+16505551234' });
    const raws = ['webhook', 'whatsapp'].map((name) => service.read(`/messages/same/raw?provider=${name}`));
    expect((await Promise.all(raws)).map(({ body }) => body)).toEqual([
      JSON.stringify({ ...MESSAGE, message_id: 'same' }),
      notification([text('same')]),
    ]);
    expect((await service.read('/messages/same?provider=twilio')).status).toBe(404);
    expect((await service.read('/messages/same?provider=Nobody')).status).toBe(422);
  });
});

describe('statuses', () => {
  const status = (id: string, state: string, timestamp: string) => ({ id, status: state, timestamp });

  it('are stored, the latest of each message, and shown with it', async () => {
    expect(await outcomes(notification([text('s1')], [status('s1', 'delivered', '1750000002')]))).toEqual({
      created: 1,
      status_updated: 1,
    });
    const late = [status('s1', 'sent', '1750000001'), status('s1', 'read', '1750000003')];
    expect(await outcomes(notification([], late))).toEqual({ status_stale: 1, status_updated: 1 });
    expect(await get('s1')).toMatchObject({ status: { state: 'read', ts: '2025-06-15T15:06:43Z' } });
  });

  it.each(['status', 'status-failed'])(
    'of the shape %s are acknowledged for messages that are not here',
    async (name) => {
      expect(await outcomes(whatsAppFixture(name))).toEqual({ status_updated: 1 });
      expect(await outcomes(whatsAppFixture(name))).toEqual({ status_stale: 1 });
    },
  );
});

describe('a POST of a thousand updates', () => {
  const batch = (prefix: string): string => {
    const messages = Array.from({ length: 1_000 }, (_, i) =>
      // Every tenth repeats an earlier one.
      text(
        `${prefix}${String(i % 10 === 9 ? i - 5 : i)}`,
        `text ${String(i % 10 === 9 ? i - 5 : i)} ${'x'.repeat(2_000)}`,
      ),
    );
    return notification(messages);
  };

  it('is stored completely, and its outcomes are returned, logged and counted', async () => {
    const answer = await post(batch('batch'));
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', outcomes: { created: 900, duplicate: 100 } }]);
    expect(await service.log.requestWith(answer.headers.get('x-request-id'))).toMatchObject({
      provider: 'whatsapp',
      result: 'created',
      outcomes: { created: 900, duplicate: 100 },
    });
    expect(await outcomes(batch('batch'))).toEqual({ duplicate: 1_000 });
    const metrics = (await service.read('/metrics')).body;
    expect(metrics).toMatch(/^webhook_updates_total\{provider="whatsapp",outcome="duplicate"\} 1\d\d\d$/m);
    const raw = await service.read('/messages/batch998/raw');
    expect(raw.body.length).toBeGreaterThan(2_000_000);
  });
});

describe('the challenge', () => {
  const ask = (query: Record<string, string>) =>
    service.read(`/webhooks/whatsapp?${new URLSearchParams(query).toString()}`);
  const right = { 'hub.mode': 'subscribe', 'hub.challenge': '1158201444', 'hub.verify_token': VERIFY_TOKEN };

  it('is returned for the right token', async () => {
    const answer = await ask(right);
    expect([answer.status, answer.body]).toEqual([200, '1158201444']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
  });

  it.each<[string, Record<string, string>]>([
    ['another token', { ...right, 'hub.verify_token': 'guess' }],
    ['no token', { 'hub.mode': 'subscribe', 'hub.challenge': '1' }],
    ['no challenge', { 'hub.mode': 'subscribe', 'hub.verify_token': VERIFY_TOKEN }],
    ['another mode', { ...right, 'hub.mode': 'unsubscribe' }],
    ['nothing', {}],
  ])('is rejected for %s', async (_what, query) => {
    expect((await ask(query)).status).toBe(403);
  });
});

describe('without its secret', () => {
  it('the provider is disabled, and the others are enabled', async () => {
    const other = await startService({});
    try {
      const body = whatsAppFixture('text');
      const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${sign('', body)}` };
      const answer = await other.fetch('/webhooks/whatsapp', { method: 'POST', headers, body });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60']);
      expect((await other.read('/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1')).status).toBe(503);
      expect((await other.webhook(MESSAGE)).status).toBe(200);
      expect((await other.read('/health/ready')).json()).toMatchObject({ providers: ['webhook'] });
    } finally {
      await other.stop();
    }
  });
});
