import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import twilio from 'twilio';
import type { CheckedAnswer } from '../support/http-client.ts';
import { startService, type RunningService } from '../support/service.ts';

const TOKEN = 'the-auth-token-of-the-account';
const PUBLIC_URL = 'https://inbox.example.com/prefix';

let service: RunningService;
beforeAll(async () => {
  service = await startService({ TWILIO_AUTH_TOKEN: TOKEN, PUBLIC_URL });
});
afterAll(() => service.stop());

const MESSAGE = {
  MessageSid: 'SM1',
  SmsMessageSid: 'SM1',
  AccountSid: 'AC1',
  From: 'whatsapp:+14155238886',
  To: 'whatsapp:+14155550100',
  Body: 'Hello from Twilio',
  NumMedia: '0',
  MessageType: 'text',
  ProfileName: 'Zoë & Co',
};

/** Signed as by Twilio's own library, for the address that was configured at Twilio. */
function post(parameters: Record<string, string>, target = '/webhooks/twilio', signed = PUBLIC_URL + target) {
  const headers = {
    'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
    'x-twilio-signature': twilio.getExpectedTwilioSignature(TOKEN, signed, parameters),
  };
  return service.fetch(target, { method: 'POST', headers, body: new URLSearchParams(parameters).toString() });
}

const get = async (id: string): Promise<unknown> => (await service.read(`/messages/${id}`)).json();
const resultOf = async (answer: CheckedAnswer): Promise<unknown> =>
  (await service.log.requestWith(answer.headers.get('x-request-id')))['result'];

describe('a request of Twilio', () => {
  it('is stored once, timed by its receipt, and answered with an empty TwiML', async () => {
    const before = new Date();
    const first = await post(MESSAGE);
    expect([first.status, first.headers.get('content-type'), first.body]).toEqual([
      200,
      'text/xml; charset=utf-8',
      '<?xml version="1.0" encoding="UTF-8"?><Response></Response>',
    ]);
    const stored = (await get('SM1')) as { ts: string };
    expect(stored).toMatchObject({
      provider: 'twilio',
      from: '+14155238886',
      to: '+14155550100',
      type: 'text',
      text: 'Hello from Twilio',
    });
    expect(new Date(stored.ts).getTime()).toBeGreaterThanOrEqual(before.getTime());
    expect(await resultOf(await post(MESSAGE))).toBe('duplicate');
    expect(await resultOf(await post({ ...MESSAGE, Body: 'other' }))).toBe('conflict');
    expect(await get('SM1')).toEqual(stored);
    const raw = await service.read('/messages/SM1/raw');
    expect([raw.headers.get('content-type'), raw.body]).toEqual([
      'application/x-www-form-urlencoded; charset=UTF-8',
      new URLSearchParams(MESSAGE).toString(),
    ]);
  });

  it.each<[string, Record<string, string>, object]>([
    ['an SMS', { From: '+14155238886', To: '+14155550100', MessageType: '' }, { type: 'text' }],
    [
      'a picture without words',
      { Body: '', MessageType: '', MediaContentType0: 'image/jpeg' },
      { type: 'image', text: null },
    ],
    ['parameters that are new', { SomethingNew: 'x', Another_New: 'y' }, { text: 'Hello from Twilio' }],
  ])('may be %s', async (what, parameters, expected) => {
    const MessageSid = `SM-${what.replaceAll(' ', '-')}`;
    expect((await post({ ...MESSAGE, ...parameters, MessageSid })).status).toBe(200);
    expect(await get(MessageSid)).toMatchObject(expected);
  });

  it('may be JSON with its hash in the signed address', async () => {
    const body = JSON.stringify({ ...MESSAGE, MessageSid: 'SM-json' });
    const { createHash } = await import('node:crypto');
    const target = `/webhooks/twilio?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const signature = twilio.getExpectedTwilioSignature(TOKEN, PUBLIC_URL + target, {});
    const headers = { 'content-type': 'application/json', 'x-twilio-signature': signature };
    expect((await service.fetch(target, { method: 'POST', headers, body })).status).toBe(200);
    expect(await get('SM-json')).toMatchObject({ text: 'Hello from Twilio' });
    const other = body.replace('Hello', 'Jello');
    expect((await service.fetch(target, { method: 'POST', headers, body: other })).status).toBe(401);
  });

  it('reports the state of a message', async () => {
    expect((await post({ ...MESSAGE, MessageSid: 'SM-state' })).status).toBe(200);
    expect((await post({ ...MESSAGE, MessageSid: 'SM-state', MessageStatus: 'delivered' })).status).toBe(200);
    expect(await get('SM-state')).toMatchObject({ status: { state: 'delivered' } });
  });

  it.each([
    ['a short code', { From: '12345' }],
    ['no id', { MessageSid: '', SmsMessageSid: '' }],
  ])('with %s is accepted and kept', async (_what, parameters) => {
    expect(await resultOf(await post({ ...MESSAGE, ...parameters }))).toBe('accepted');
  });

  it('is rejected for another address, another token, and a changed parameter', async () => {
    const target = '/webhooks/twilio?a=%62';
    expect((await post(MESSAGE, target)).status).toBe(200);
    expect((await post(MESSAGE, target, `${PUBLIC_URL}/webhooks/twilio?a=b`)).status).toBe(401);
    expect((await post(MESSAGE, target, `https://other.example.com${target}`)).status).toBe(401);
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-twilio-signature': twilio.getExpectedTwilioSignature(TOKEN, `${PUBLIC_URL}/webhooks/twilio`, MESSAGE),
    };
    const body = new URLSearchParams({ ...MESSAGE, Body: 'forged' }).toString();
    expect((await service.fetch('/webhooks/twilio', { method: 'POST', headers, body })).status).toBe(401);
  });

  it('of another media type is rejected after its signature', async () => {
    const signature = twilio.getExpectedTwilioSignature(TOKEN, `${PUBLIC_URL}/webhooks/twilio`, { a: 'b' });
    const headers = { 'content-type': 'text/plain', 'x-twilio-signature': signature };
    const answer = await service.fetch('/webhooks/twilio', { method: 'POST', headers, body: 'a=b' });
    expect([answer.status, answer.json()]).toMatchObject([
      415,
      {
        detail: 'send the body as application/x-www-form-urlencoded or application/json: it came as text/plain',
      },
    ]);
  });
});
