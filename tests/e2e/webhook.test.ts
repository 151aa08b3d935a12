import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

async function stored(messageId: string): Promise<unknown> {
  const answer = await service.fetch(`/messages/${encodeURIComponent(messageId)}`);
  const detail = answer.json() as Record<string, unknown>;
  const { provider, type, status, received_at: receivedAt, trace_id: traceId, ...message } = detail;
  expect([provider, type, status, typeof receivedAt, traceId]).toEqual(['webhook', 'text', null, 'string', null]);
  return message;
}

async function result(body: unknown): Promise<unknown> {
  const answer = await service.webhook(body);
  expect([answer.status, answer.body]).toEqual([200, '{"status":"ok"}']);
  return answer.headers.get('x-message-result');
}

describe('a message', () => {
  it('is returned as it was sent', async () => {
    const message = { ...MESSAGE, message_id: 'sent', text: 'Grüße 😀 "\\' };
    expect(await result(message)).toBe('created');
    expect(await stored('sent')).toEqual(message);
  });

  it.each([
    ['absent', {}, null],
    ['null', { text: null }, null],
    ['empty', { text: '' }, ''],
  ])('may have a text that is %s', async (kind, text, kept) => {
    const { from, to, ts } = MESSAGE;
    const message = { message_id: `text ${kind}`, from, to, ts };
    expect(await result({ ...message, ...text })).toBe('created');
    expect(await stored(message.message_id)).toEqual({ ...message, text: kept });
  });

  it.each([
    ['2025-01-15T15:30:00+05:30', '2025-01-15T10:00:00Z'],
    ['2025-01-15t10:00:00.1200000z', '2025-01-15T10:00:00.12Z'],
    ['2025-01-15T10:00:00.123456789Z', '2025-01-15T10:00:00.123456Z'],
    ['2025-01-15T00:00:00-00:00', '2025-01-15T00:00:00Z'],
    ['2024-02-29T23:59:59.999999-23:59', '2024-03-01T23:58:59.999999Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('with ts %s is returned with %s', async (ts, utc) => {
    expect(await result({ ...MESSAGE, message_id: ts, ts })).toBe('created');
    expect(await stored(ts)).toMatchObject({ ts: utc });
  });

  it('may have unknown members', async () => {
    const odd = '"__proto__":{"text":1},"constructor":{"prototype":null},"toString":1,"hasOwnProperty":[],"":{},';
    const body = JSON.stringify({ ...MESSAGE, message_id: 'odd members' }).replace('{', `{${odd}`);
    expect(await result(body)).toBe('created');
    expect(await stored('odd members')).toEqual({ ...MESSAGE, message_id: 'odd members' });
  });

  it('may have a member nested as deep as the limit of the body allows', async () => {
    const deep = `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`;
    const body = JSON.stringify({ ...MESSAGE, message_id: 'deep', deep: 0 }).replace('"deep":0', `"deep":${deep}`);
    expect(await result(body)).toBe('created');
  });
});

describe('the same message again', () => {
  it('is a duplicate, even if the instant is written differently, and changes nothing', async () => {
    const message = { ...MESSAGE, message_id: 'again' };
    expect(await result(message)).toBe('created');
    expect(await result(message)).toBe('duplicate');
    expect(await result({ ...message, ts: '2025-01-15T11:00:00.000+01:00', more: true })).toBe('duplicate');
    expect(await stored('again')).toEqual(message);
  });

  it.each([
    ['from', '+1234567891'],
    ['to', '+0987654322'],
    ['ts', '2025-01-15T10:00:00.000001Z'],
    ['text', 'hello'],
    ['text', null],
  ])('with another %s is a conflict, and the first is kept', async (field, value) => {
    const message = { ...MESSAGE, message_id: `conflict ${field} ${String(value).slice(-4)}` };
    expect(await result(message)).toBe('created');
    expect(await result({ ...message, [field]: value })).toBe('conflict');
    expect(await stored(message.message_id)).toEqual(message);
  });

  it('is stored once if it is sent at the same time', async () => {
    const message = { ...MESSAGE, message_id: 'race' };
    const results = await Promise.all(Array.from({ length: 40 }, () => result(message)));
    expect(results.filter((word) => word === 'created')).toHaveLength(1);
    expect(results.filter((word) => word === 'duplicate')).toHaveLength(39);
  });

  it('is another message if its id has another case', async () => {
    expect(await result({ ...MESSAGE, message_id: 'Case' })).toBe('created');
    expect(await result({ ...MESSAGE, message_id: 'case' })).toBe('created');
  });
});

describe('the media type', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"',
    'application/json; charset=iso-8859-1; version=1',
    'application/cloudevents+json; charset=utf-8',
    'text/json',
  ])('may be %s', async (type) => {
    const answer = await service.webhook({ ...MESSAGE, message_id: type }, { 'content-type': type });
    expect(answer.status).toBe(200);
  });

  it.each([
    ['content-type', 'text/plain'],
    ['content-type', 'application/x-www-form-urlencoded'],
    ['content-type', 'application/jsonp'],
    ['content-encoding', 'gzip'],
  ])('must not have %s %s', async (name, value) => {
    const answer = await service.webhook({ ...MESSAGE, message_id: value }, { [name]: value });
    expect([answer.status, answer.json()]).toEqual([
      415,
      expect.objectContaining({ type: '/problems/unsupported-media-type' }),
    ]);
    expect((await service.fetch(`/messages/${encodeURIComponent(value)}`)).status).toBe(404);
  });

  it('must be declared', async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(MESSAGE));
    const headers = { 'x-signature': sign(SECRET, bytes) };
    expect((await service.fetch('/webhook', { method: 'POST', headers, body: bytes })).status).toBe(415);
  });
});
