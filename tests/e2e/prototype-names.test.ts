import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio } from '../../src/adapters/signature/twilio/twilio.ts';
import { contract, type Node } from '../support/contract-check.ts';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

/** The names that every JavaScript object inherits, and those that can pollute it. */
const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];
const POLLUTION = { polluted: true, status: 500, isAdmin: true };

const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const APP_SECRET = 'the app secret';
const TOKEN = 'the auth token';
const JSON_TYPE = { 'content-type': 'application/json' };
const PATHS = Object.entries(contract['paths'] as Record<string, Node>)
  .filter(([, item]) => 'get' in item)
  .map(([template]) => template.replace('{message_id}', 'm1').replace('{file}', 'docs.js'));

let service: RunningService;

beforeAll(async () => {
  service = await startService({
    STANDARD_WEBHOOK_SECRET: STANDARD_SECRET,
    WHATSAPP_APP_SECRET: APP_SECRET,
    TWILIO_AUTH_TOKEN: TOKEN,
    WHATSAPP_VERIFY_TOKEN: 'a word for Meta',
  });
});

afterAll(async () => {
  expect(unpolluted()).toBe(true);
  await service.stop();
});

/** The services and this test share one process, and therefore every prototype. */
function unpolluted(): boolean {
  const fresh: Record<string, unknown>[] = [{}, [] as never, (() => undefined) as never, '' as never];
  return fresh.every((value) => Object.keys(POLLUTION).every((name) => value[name] === undefined));
}

/** JSON text with the names as members, at the top and below; an object literal would set its prototype instead. */
function withNames(value: object): string {
  const members = NAMES.map((name) => `${JSON.stringify(name)}:${JSON.stringify(POLLUTION)}`);
  const nested = `"constructor":{"prototype":${JSON.stringify(POLLUTION)}},"nested":{${members.join(',')}}`;
  return `{${members.join(',')},${nested},${JSON.stringify(value).slice(1)}`;
}

function post(path: string, headers: Record<string, string>, body: string): Promise<CheckedAnswer> {
  return service.fetch(path, { method: 'POST', headers: { ...JSON_TYPE, ...headers }, body });
}

describe('names of the prototype', () => {
  it('as members of a webhook', async () => {
    const body = withNames({ ...MESSAGE, message_id: 'members' });
    expect((await post('/webhook', { 'x-signature': sign(SECRET, body) }, body)).status).toBe(200);
    const only = `{"__proto__":${JSON.stringify({ ...MESSAGE, message_id: 'inherited' })}}`;
    expect((await post('/webhook', { 'x-signature': sign(SECRET, only) }, only)).status).toBe(422);
    expect((await service.fetch('/messages/inherited')).status).toBe(404);
    expect(unpolluted()).toBe(true);
  });

  it('as members of a Standard Webhook', async () => {
    const body = withNames({ ...MESSAGE, message_id: 'standard' });
    const timestamp = Math.floor(Date.now() / 1_000);
    const signature = signStandardWebhook({
      secret: STANDARD_SECRET,
      id: '__proto__',
      timestampSeconds: timestamp,
      body,
    });
    const headers = {
      'webhook-id': '__proto__',
      'webhook-timestamp': String(timestamp),
      'webhook-signature': signature,
    };
    const answers = [await post('/webhooks/standard', headers, body), await post('/webhooks/standard', headers, body)];
    expect(answers.map((answer) => answer.headers.get('x-message-result'))).toEqual(['created', 'duplicate']);
    expect(unpolluted()).toBe(true);
  });

  it('as members of a notification of WhatsApp, at every depth', async () => {
    const message = JSON.parse(
      withNames({ from: '31', id: 'wamid.1', timestamp: '1736935200', type: '__proto__' }),
    ) as object;
    const value = { metadata: { display_phone_number: '32' }, messages: [message], ['__proto__']: [POLLUTION] };
    const body = withNames({ entry: [{ changes: [{ field: 'messages', value }] }] });
    const answer = await post(
      '/webhooks/whatsapp',
      { 'x-hub-signature-256': `sha256=${sign(APP_SECRET, body)}` },
      body,
    );
    expect([answer.status, answer.json()]).toEqual([200, { status: 'ok', outcomes: { created: 1 } }]);
    expect((await service.fetch('/messages/wamid.1')).json()).toMatchObject({ type: '__proto__', text: null });
    const only = `{"__proto__":{"entry":[{"changes":[]}]}}`;
    const inherited = await post(
      '/webhooks/whatsapp',
      { 'x-hub-signature-256': `sha256=${sign(APP_SECRET, only)}` },
      only,
    );
    expect(inherited.status).toBeLessThan(500);
    expect(unpolluted()).toBe(true);
  });

  it('as parameters of a form', async () => {
    const signed = async (keys: readonly string[]) => {
      const form = new URLSearchParams({ MessageSid: 'SM1', From: '+31', To: '+32', Body: 'x' });
      for (const key of keys) form.append(key, 'true');
      const body = form.toString();
      const signature = signTwilio({ authToken: TOKEN, url: `${service.url}/webhooks/twilio`, body });
      const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
      return (await post('/webhooks/twilio', headers, body)).status;
    };
    const asTwilioNames = NAMES.filter((name) => /^[A-Za-z]/.test(name));
    expect(await signed(asTwilioNames.flatMap((name) => [name, `${name}.polluted`]))).toBe(200);
    for (const name of NAMES) expect(await signed([`${name}[polluted]`])).toBe(401);
    expect((await service.fetch('/messages/SM1')).json()).toMatchObject({ provider: 'twilio', text: 'x' });
    expect(unpolluted()).toBe(true);
  });

  it.each(PATHS)('as parameters of %s', async (path) => {
    const plain = await service.fetch(path);
    const pairs = NAMES.flatMap((name) => [`${name}=1`, `${name}[polluted]=true`, `${name}.polluted=true`]);
    const answer = await service.fetch(`${path}?${pairs.join('&')}`);
    expect(answer.status).toBe(plain.status);
    expect(unpolluted()).toBe(true);
  });

  it.each(NAMES)('as a value of each parameter: %s', async (name) => {
    const parameters = ['from', 'since', 'until', 'limit', 'offset', 'cursor'];
    for (const parameter of parameters)
      expect((await service.fetch(`/messages?${parameter}=${name}`)).status).toBe(422);
    expect((await service.fetch(`/messages?q=${name}`)).status).toBe(200);
    expect((await service.fetch(`/rejections?reason=${name}`)).status).toBe(422);
    expect((await service.fetch(`/rejections?provider=${name}`)).status).toBeLessThan(500);
    expect((await service.fetch(`/messages/${name}?provider=${name}`)).status).toBeLessThan(500);
    expect((await service.fetch(`/assets/${name}`)).status).toBe(404);
    expect((await service.fetch(`/${name}`)).status).toBe(404);
    expect((await service.fetch(`/webhooks/${name}`, { method: 'POST', body: '{}' })).status).toBe(404);
  });

  it.each(NAMES)('as an id: %s', async (name) => {
    expect((await service.fetch(`/messages/${name}`)).status).toBe(404);
    const message = { ...MESSAGE, message_id: name, from: '+33', text: name };
    const results = [await service.webhook(message), await service.webhook(message)];
    expect(results.map(({ headers }) => headers.get('x-message-result'))).toEqual(['created', 'duplicate']);
    expect((await service.fetch(`/messages/${name}`)).json()).toMatchObject(message);
    expect(await service.log.first(({ message_id: id }) => id === name)).toMatchObject({ status: 200 });
  });

  it.each(NAMES)('as a sender or a receiver are invalid: %s', async (name) => {
    expect((await service.webhook({ ...MESSAGE, message_id: 'none', from: name })).status).toBe(422);
    expect((await service.webhook({ ...MESSAGE, message_id: 'none', to: name })).status).toBe(422);
  });

  it('as headers and cookies', async () => {
    const headers = NAMES.map((name) => `${name}: true\r\n`).join('');
    const cookie = `Cookie: ${NAMES.map((name) => `${name}=polluted`).join('; ')}\r\n`;
    const head = `GET /messages HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}${cookie}`;
    expect((await service.raw(`${head}\r\n`, { path: '/messages' })).status).toBe(200);
    const body = '{}';
    const refused = `POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}${cookie}X-Request-ID: constructor\r\n`;
    expect((await service.raw(`${refused}Content-Length: ${String(body.length)}\r\n\r\n${body}`)).status).toBe(401);
    for (;;) {
      const { data } = (await service.fetch('/rejections')).json() as {
        data: { request_id: string; header_names: string[] }[];
      };
      const kept = data.find(({ request_id: id }) => id === 'constructor');
      if (kept === undefined) continue;
      // Node omits `__proto__`.
      expect(kept.header_names).toEqual(expect.arrayContaining(NAMES.slice(1).map((name) => name.toLowerCase())));
      break;
    }
  });

  it('leave the statistics correct', async () => {
    expect((await service.fetch('/stats')).json()).toMatchObject({
      total_messages: NAMES.length + 4,
      senders_count: 3,
      messages_per_sender: [
        { from: '+33', count: NAMES.length },
        { from: '+1234567890', count: 2 },
        { from: '+31', count: 2 },
      ],
    });
    const levels = service.log.records.map(({ level }) => level);
    expect(levels.filter((level) => level !== 'INFO')).toEqual([]);
    expect((await service.fetch('/metrics')).status).toBe(200);
  });
});
