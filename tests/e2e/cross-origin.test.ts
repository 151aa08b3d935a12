import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const ORIGIN = 'https://app.example.com';
const OTHERS = [
  'https://app.example.com.evil.example',
  'https://evil.example',
  'http://app.example.com',
  'https://app.example.com:8443',
  'https://APP.example.com',
  'https://app.example.com/',
  'null',
  '*',
];
const KEY = 'a-key-of-sixteen';
const READABLE = [
  '/messages',
  '/messages/m1',
  '/messages/m1/raw',
  '/stats',
  '/rejections',
  '/metrics',
  '/health/ready',
  '/openapi.json',
];

let open: RunningService;
let closed: RunningService;
beforeAll(async () => {
  [open, closed] = await Promise.all([
    startService({
      ORIGINS: `${ORIGIN}, http://localhost:3000`,
      READ_API_KEYS: KEY,
      RATE_LIMIT_READS_PER_MINUTE: '100',
    }),
    startService({ READ_API_KEYS: KEY }),
  ]);
  await Promise.all([open, closed].map((service) => service.webhook(MESSAGE)));
});
afterAll(() => Promise.all([open.stop(), closed.stop()]));

const authorization = `Bearer ${KEY}`;
const corsOf = (headers: Headers): Record<string, string> =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'));

function preflight(service: RunningService, path: string, headers: Record<string, string> = {}) {
  const asked = {
    origin: ORIGIN,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
    ...headers,
  };
  return service.stream({ method: 'OPTIONS', path, headers: asked });
}

const READ = {
  'access-control-allow-origin': ORIGIN,
  'access-control-expose-headers': 'X-Request-ID,ETag,Retry-After,X-Message-Result',
  vary: 'Origin',
};

describe('a page of an allowed origin', () => {
  it.each(READABLE)('reads %s and receives CORS headers', async (path) => {
    const answer = await open.read(path, { authorization, origin: ORIGIN });
    expect([answer.status, corsOf(answer.headers)]).toEqual([200, READ]);
  });

  it.each(READABLE)('may request %s with its key', async (path) => {
    const answer = await preflight(open, path);
    expect([answer.status, corsOf(answer.headers)]).toEqual([
      204,
      {
        'access-control-allow-origin': ORIGIN,
        'access-control-allow-methods': 'GET,HEAD',
        'access-control-allow-headers': 'Authorization,If-None-Match,Last-Event-ID,X-Request-ID,traceparent',
        'access-control-max-age': '600',
        vary: 'Origin',
      },
    ]);
    expect(await open.log.requestWith(answer.headers.get('x-request-id'))).toMatchObject({
      method: 'OPTIONS',
      status: 204,
    });
  });

  it.each([
    ['401', '/messages', {}, 401],
    ['404', '/messages/unknown', { authorization }, 404],
    ['404 of no path', '/unknown', { authorization }, 404],
    ['422', '/messages?limit=0', { authorization }, 422],
    ['304', '/stats', { authorization, 'if-none-match': '*' }, 304],
  ] as const)('sees a %s', async (_what, path, headers, status) => {
    const answer = await open.fetch(path, { headers: { ...headers, origin: ORIGIN } });
    expect([answer.status, corsOf(answer.headers)]).toEqual([status, READ]);
  });

  it('receives its own origin if it is the second one allowed', async () => {
    const { headers } = await open.fetch('/stats', { headers: { authorization, origin: 'http://localhost:3000' } });
    expect(corsOf(headers)).toEqual({ ...READ, 'access-control-allow-origin': 'http://localhost:3000' });
  });

  it.each(['/webhook', '/webhooks/standard', '/webhooks/twilio'])('may not send to %s', async (path) => {
    const answer = await preflight(open, path, { 'access-control-request-method': 'POST' });
    expect([answer.status, corsOf(answer.headers)]).toEqual([405, { vary: 'Origin' }]);
  });

  it.each(['/unknown', '/messages/', '/%'])('may not request a path that does not exist: %s', async (path) => {
    expect([(await preflight(open, path)).status]).toEqual([404]);
  });

  it('receives no headers for an OPTIONS that is not a preflight', async () => {
    const answer = await open.stream({ method: 'OPTIONS', path: '/stats', headers: { origin: ORIGIN } });
    expect([answer.status, corsOf(answer.headers)]).toEqual([405, { vary: 'Origin' }]);
  });
});

describe.each(OTHERS)('a page of %s', (origin) => {
  it('receives no CORS headers', async () => {
    const answer = await open.fetch('/stats', { headers: { authorization, origin } });
    expect([answer.status, corsOf(answer.headers)]).toEqual([200, { vary: 'Origin' }]);
    const asked = await preflight(open, '/stats', { origin });
    expect([asked.status, corsOf(asked.headers)]).toEqual([405, { vary: 'Origin' }]);
  });
});

it('an answer to a request without an origin has Vary, too, or a cache would serve it to a page', async () => {
  const { headers } = await open.fetch('/stats', { headers: { authorization } });
  expect(corsOf(headers)).toEqual({ vary: 'Origin' });
});

describe('without origins', () => {
  it.each([...READABLE, '/webhook', '/unknown'])('no answer of %s has a header for other origins', async (path) => {
    const answer = await closed.fetch(path, { headers: { authorization, origin: ORIGIN } });
    expect(corsOf(answer.headers)).toEqual({});
    const asked = await preflight(closed, path);
    expect([asked.status, corsOf(asked.headers)]).toEqual([path === '/unknown' ? 404 : 405, {}]);
  });
});
