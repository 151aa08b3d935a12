import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

const KEYS = ['a-key-of-sixteen', 'another~key+of/enough==length'] as const;
const PROTECTED = ['/messages', '/messages/m1', '/messages/m1/raw', '/stats', '/rejections', '/metrics'];
const OPEN = [
  '/',
  '/health/live',
  '/health/ready',
  '/docs',
  '/redoc',
  '/openapi.json',
  '/openapi.yaml',
  '/assets/docs.js',
];

let service: RunningService;

beforeAll(async () => {
  service = await startService({ READ_API_KEYS: ` ${KEYS.join(' , ')} ` });
  expect((await service.webhook(MESSAGE)).status).toBe(200); // a webhook needs a signature and no key
});

afterAll(() => service.stop());

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

describe.each(PROTECTED)('%s', (path) => {
  it('is rejected without a key, with a challenge', async () => {
    const answer = await service.read(path);
    expect([answer.status, answer.json()]).toEqual([
      401,
      expect.objectContaining({ type: '/problems/unauthorized', detail: 'a valid read key is required' }),
    ]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="webhook-inbox"');
  });

  it.each(KEYS)('accepts %s', async (key) => {
    expect((await service.read(path, bearer(key))).status).toBe(200);
    expect((await service.read(path, { authorization: `bearer ${key}` })).status).toBe(200);
  });
});

describe('a key', () => {
  it.each([
    ['a wrong one', 'Bearer a-key-of-sixteen-letters'],
    ['a part of one', 'Bearer a-key-of-sixtee'],
    ['none', 'Bearer'],
    ['an empty one', 'Bearer '],
    ['another case', 'Bearer A-KEY-OF-SIXTEEN'],
    ['two', `Bearer ${KEYS.join(',')}`],
    ['another scheme', `Basic ${Buffer.from('user:a-key-of-sixteen').toString('base64')}`],
    ['no scheme', 'a-key-of-sixteen'],
  ])('is rejected: %s', async (_what, authorization) => {
    expect((await service.read('/stats', { authorization })).status).toBe(401);
  });

  it('does not count in the query or as a signature', async () => {
    expect((await service.fetch(`/stats?access_token=${KEYS[0]}&key=${KEYS[0]}`)).status).toBe(401);
    expect((await service.webhook(MESSAGE, { 'x-signature': '', ...bearer(KEYS[0]) })).status).toBe(401);
  });

  it('is checked before the parameters', async () => {
    expect((await service.fetch('/messages?limit=abc')).status).toBe(401);
    expect((await service.fetch('/messages?limit=abc', { headers: bearer(KEYS[0]) })).status).toBe(422);
    expect((await service.fetch('/messages/unknown')).status).toBe(401);
    expect((await service.fetch('/messages', { method: 'DELETE' })).status).toBe(405);
  });
});

describe('open without a key', () => {
  it.each(OPEN)('%s', async (path) => {
    expect((await service.read(path)).status).toBe(200);
  });
});
