import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { detailsIn, insideDetails } from '../support/inside-details.ts';
import type { CheckedAnswer } from '../support/http-client.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';
import { on } from '../support/stores.ts';

/**
 * The tests' client checks every answer of every test for internal details, and so does the fuzzer. This suite provokes every
 * status, and shows that the check finds such details.
 */

let sound: RunningService;
let locked: RunningService;
let broken: RunningService;

beforeAll(async () => {
  [sound, locked, broken] = await Promise.all([
    startService({ MAX_BODY_BYTES: '1024', WHATSAPP_VERIFY_TOKEN: 'a word for Meta' }),
    startService({ READ_API_KEYS: 'a-key-for-reading-messages', WEBHOOK_SECRET: '' }),
    startService(),
  ]);
  await on(broken.databaseUrl, ({ db }) => db.schema.dropTable('messages'));
});

afterAll(async () => {
  for (const service of [sound, locked, broken]) await service.stop();
});

const PROVOKED: readonly (readonly [number, string, () => Promise<CheckedAnswer>])[] = [
  [400, 'no HTTP', () => sound.raw('nonsense\r\n\r\n')],
  [400, 'no Host', () => sound.raw('GET /stats HTTP/1.1\r\nConnection: close\r\n\r\n')],
  [401, 'a wrong signature', () => sound.webhook(MESSAGE, { 'x-signature': '00' })],
  [401, 'no key', () => locked.fetch('/messages')],
  [
    403,
    'a wrong verify token',
    () => sound.fetch('/webhooks/whatsapp?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1'),
  ],
  [404, 'no path', () => sound.fetch('/src/infrastructure/main.ts')],
  [404, 'no message', () => sound.fetch('/messages/none')],
  [404, 'no asset', () => sound.fetch('/assets/package.json')],
  [405, 'no method', () => sound.stream({ method: 'PROPFIND', path: '/messages' })],
  [413, 'a large body', () => sound.webhook('x'.repeat(2_000))],
  [415, 'another media type', () => sound.webhook(MESSAGE, { 'content-type': 'application/xml' })],
  [422, 'no JSON', () => sound.webhook('{"message_id": at Object.<anonymous> (/app/x.ts:1:1)')],
  [422, 'a bad message', () => sound.webhook({ message_id: 1, from: {}, to: [], ts: 'node_modules', text: 5 })],
  [422, 'a bad query', () => sound.fetch('/messages?limit=x&since=node_modules&cursor=AAAA')],
  [422, 'a bad path', () => sound.stream({ path: '/assets/..%2Fpackage.json' })],
  [431, 'long headers', () => sound.raw(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`)],
  [500, 'a store without its table, written to', () => broken.webhook(MESSAGE)],
  [500, 'a store without its table, read', () => broken.fetch('/messages?q=hello')],
  [500, 'a store without its table, asked for one', () => broken.fetch('/messages/m1')],
  [503, 'no secret', () => locked.webhook(MESSAGE)],
  [503, 'not ready', () => locked.fetch('/health/ready')],
];

it.each(PROVOKED)('%i, %s: reveals no internal details', async (status, _what, ask) => {
  const answer = await ask();
  expect(answer.status).toBe(status);
  expect(insideDetails(answer)).toEqual([]);
});

it('nor do successful answers', async () => {
  for (const path of ['/health/live', '/health/ready', '/stats', '/messages', '/rejections']) {
    expect([path, detailsIn((await sound.fetch(path)).body)]).toEqual([path, []]);
  }
  expect((await sound.fetch('/metrics')).body).not.toMatch(/v?\d+\.\d+\.\d+"|node_modules|\/src\/|version_info/);
});

describe('the check finds', () => {
  const answer = (body: unknown, headers: Record<string, string> = {}) =>
    insideDetails({ status: 500, headers: new Headers(headers), body: JSON.stringify(body) });
  const fault = new TypeError('x');

  it.each<[string, unknown]>([
    ['a stack', { detail: fault.stack }],
    ['a stack as one line', { detail: 'x at Object.open (index' }],
    ['a path', { detail: 'cannot open /data/app.db' }],
    ['a path of a module', { detail: import.meta.url }],
    ['a version', { detail: `Node ${process.version}` }],
    ['a library', { detail: 'koa says no' }],
    ['SQL', { detail: 'select * from messages' }],
    ['an error of SQLite', { detail: 'SQLITE_ERROR: no such table: messages' }],
    ['an error of PostgreSQL', { detail: 'relation "messages" does not exist' }],
    ['an error of the system', { detail: 'connect ECONNREFUSED' }],
    ['the name of an error', { title: fault.name }],
  ])('%s', (_what, body) => {
    expect(answer(body)).not.toEqual([]);
  });

  it.each(['Server', 'X-Powered-By'])('%s', (name) => {
    expect(answer({}, { [name]: 'anything' })).not.toEqual([]);
  });

  it("but not the client's own words", () => {
    expect(answer({ instance: 'koa-1.2.3', detail: 'the request is not valid' })).toEqual([]);
  });
});
