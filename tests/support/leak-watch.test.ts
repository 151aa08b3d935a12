import { createHmac } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { leakWatch, type LeakWatch } from './leak-watch.ts';

const SECRET = 'secret of the "service"';
const SIGNATURE = createHmac('sha256', SECRET).update('x').digest('hex');
const MESSAGE = {
  message_id: 'order-4711-private',
  from: '+919876501234',
  to: '+14155501239',
  ts: '2025-01-15T10:00:00Z',
  text: 'See you at noon, at the well behind the mill.',
};
const NATURAL = {
  ts: '2026-11-25T10:00:00.000Z',
  level: 'INFO',
  message: 'request',
  request_id: '98765012-3415-4550-1239-987650123455',
  method: 'POST',
  path: '/webhook',
  status: 200,
  latency_ms: 12345.678,
  provider: 'webhook',
  result: 'created',
  message_id: MESSAGE.message_id,
  dup: false,
};

let watch: LeakWatch;
const found = (fields: Readonly<Record<string, unknown>>): string[] =>
  watch.leaks(JSON.stringify({ ...NATURAL, ...fields }));

beforeEach(() => {
  watch = leakWatch();
  watch.secretsOf({
    WHATSAPP_APP_SECRET: SECRET,
    STANDARD_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    TWILIO_AUTH_TOKEN_PREVIOUS: 'token-of-old',
    WHATSAPP_VERIFY_TOKEN: 'word-for-meta',
    READ_API_KEYS: 'a-key-for-one-reader, a-key-for-another',
    DATABASE_URL: 'postgres://inbox:p%40ssword@db:5432/inbox',
    STANDARD_WEBHOOK_TOLERANCE_SECONDS: '200',
  });
  watch.sent({
    target: '/messages/+12345678?q=two%20of%20these&limit=200&since=2021-02-03T04%3A05%3A06Z&provider=whatsapp',
    headers: {
      'X-Signature': `sha256=${SIGNATURE}`,
      authorization: 'Bearer of-somebody-else',
      'x-request-id': 'mine-1',
    },
    body: JSON.stringify({ ...MESSAGE, contacts: [{ profile: { name: 'Ada L.' }, wa_id: 14155501240 }] }),
  });
});

describe('a line without confidential values', () => {
  it.each<[string, object]>([
    ['the line of a request', {}],
    ['the id that the client gave', { request_id: 'mine-1' }],
    ['a path that was asked for, hidden as it is logged', { path: '/messages/+****5678' }],
    ['the end of a number', { error: { message: 'to …1234' } }],
    ['a word of the service that was also sent', { provider: 'whatsapp' }],
    ['an address', { error: { message: 'connect ECONNREFUSED 127.0.0.1:98765' } }],
    ['a count that was also sent', { lines: 200 }],
    ['the service in its stack', { error: { stack: 'Error: no\n    at open (file:///app/src/main.ts:20:5)' } }],
  ])('%s', (_what, fields) => {
    expect(found(fields as Record<string, unknown>)).toEqual([]);
  });
});

describe('a leak that was planted', () => {
  it.each<[string, object]>([
    ['a secret, even in an id', { message_id: SECRET }],
    ['a secret without its prefix', { error: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' }],
    ['a previous secret', { secret: 'token-of-old' }],
    ['a verify token', { error: 'got word-for-meta' }],
    ['the first read key', { key: 'a-key-for-one-reader' }],
    ['the second read key', { key: 'a-key-for-another' }],
    ['the password of the database', { url: 'postgres://inbox:p%40ssword@db' }],
    ['the same, decoded', { error: 'password p@ssword is wrong' }],
    ['a signature', { signature: SIGNATURE }],
    ['the end of a signature', { error: `not ${SIGNATURE.slice(-15)}` }],
    ['a token that was no key', { error: 'of-somebody-else' }],
    ['a body', { body: JSON.stringify(MESSAGE) }],
    ['a text', { text: MESSAGE.text }],
    ['the beginning of a text', { error: 'See you at…' }],
    ['a part of a text', { error: 'no room for "behind the mill."' }],
    ['a text as the name of a field', { [MESSAGE.text]: 1 }],
    ['a short text', { name: 'Ada L.' }],
    ['a number', { from: '919876501234' }],
    ['a number as a number', { from: 919876501234 }],
    ['five digits of a number', { from: '…01234' }],
    ['a number that was no string', { to: '+14155501240' }],
    ['a number in a path that was asked for', { path: '/messages/+12345678' }],
    ['a path that nobody asked for, with a number', { path: '/x/14155501239' }],
    ['a query', { path: '/messages?q=two%20of%20these' }],
    ['a value of a query, decoded', { error: 'nothing has two of these' }],
    ['an instant of a query', { since: '2021-02-03T04:05:06Z' }],
    ['an id as another field', { error: 'no row for 14155501239' }],
  ])('%s', (_what, fields) => {
    expect(found(fields as Record<string, unknown>)).not.toEqual([]);
  });

  it('a body that is not JSON, and a form', () => {
    watch.sent({ body: '{"text":"half of some words' });
    watch.sent({ body: 'From=whatsapp%3A%2B4915112345678&Body=Hello+from+over+there' });
    for (const leak of ['half of some words', '15112345678', 'Hello from over there']) {
      expect(found({ error: leak })).not.toEqual([]);
    }
  });

  it('on stderr', () => {
    expect(watch.leaksInText(`Error: ${MESSAGE.text}\n    at x`)).not.toEqual([]);
    expect(watch.leaksInText('Error: something else\n    at x')).toEqual([]);
  });
});

it('is found as fast among many thousand values as among few', () => {
  const line = JSON.stringify({ ...NATURAL, error: { stack: 'x y z '.repeat(300) } });
  /** CPU time: other processes do not affect it. */
  const time = (): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < 200; i++) watch.leaks(line);
    return process.cpuUsage(start).user / 1_000;
  };
  time();
  const few = time();
  for (let i = 0; i < 20_000; i++) watch.sent({ body: JSON.stringify({ text: `value ${String(i)} of many` }) });
  expect(time()).toBeLessThan(few * 10 + 100);
});
