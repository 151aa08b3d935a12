import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { contract, type Node } from '../support/contract-check.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService({ WHATSAPP_VERIFY_TOKEN: 'token' });
  await service.webhook(MESSAGE);
});

afterAll(() => service.stop());

const PATHS = Object.entries(contract['paths'] as Record<string, Node>).map(([template, item]) => ({
  path: template.replace('{message_id}', 'm1').replace('{file}', 'docs.js'),
  methods: Object.keys(item).map((method) => method.toUpperCase()),
}));
/** The parts that a path needs to be answered with 200. */
const QUERIES: Readonly<Record<string, string>> = {
  '/webhooks/whatsapp': '?hub.mode=subscribe&hub.challenge=1&hub.verify_token=token',
};
const READABLE = PATHS.filter(({ methods }) => methods.includes('GET')).map(({ path }) => path + (QUERIES[path] ?? ''));

describe('every path of the contract', () => {
  it.each(READABLE)('%s answers HEAD as GET', async (path) => {
    expect((await service.read(path)).status).toBe(200);
  });

  it.each(READABLE)('%s ignores `If-None-Match: *` unless the contract says otherwise', async (path) => {
    const { status } = await service.fetch(path, { headers: { 'if-none-match': '*' } });
    expect(status).toBe(path === '/stats' ? 304 : 200);
  });

  it.each(PATHS)('$path accepts no other method', async ({ path, methods }) => {
    const taken = methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    const others = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'];
    for (const method of others.filter((other) => !taken.includes(other))) {
      const answer = await service.stream({ method, path });
      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, taken.join(', ')]);
    }
  });

  it.each(PATHS)('$path does not exist with a trailing slash', async ({ path, methods: [method = ''] }) => {
    expect((await service.stream({ method, path: `${path}/` })).status).toBe(404);
    expect((await service.stream({ method, path: `${path}/?x=1` })).status).toBe(404);
  });
});

describe('a path outside the contract', () => {
  it.each([
    '/favicon.ico',
    '/Messages',
    '/messages/a/b',
    '//messages',
    '/messages//',
    '/health',
    '/health/live.json',
    '/v1/messages',
    '/%6Dessages/',
    '/assets/docs.js/..',
    '/assets/unknown.js',
    '/assets/__proto__',
    '/assets/..',
    '/constructor',
    '/%',
    '/%ff',
    '/.env',
  ])('%s', async (path) => {
    for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
      const { status } = await service.stream({ method, path });
      expect([404, 405]).toContain(status);
      if (method === 'GET') expect(status).toBe(404);
    }
  });
});

describe('the request id', () => {
  const idOf = async (headers: Record<string, string>): Promise<string> =>
    (await service.fetch('/health/live', { headers })).headers.get('x-request-id') ?? '';

  it.each(['a', 'A-Z.a_z-0.9', '2b1f8b1e-6d7c-4b57-9f0e-3f1f7f6f2a10', 'x'.repeat(64)])(
    '%s is taken over, into the log too',
    async (id) => {
      expect(await idOf({ 'x-request-id': id })).toBe(id);
      expect(await service.log.requestWith(id)).toMatchObject({ path: '/health/live', status: 200 });
    },
  );

  it.each(['', 'x'.repeat(65), 'x'.repeat(8_000), 'a b', 'a,b', 'ü', '"quoted"', 'a/b', '<script>'])(
    '%j is replaced',
    async (id) => {
      const made = await idOf({ 'x-request-id': id });
      expect(made).toMatch(/^[0-9a-f-]{36}$/);
      expect(await idOf({ 'x-request-id': id })).not.toBe(made);
    },
  );

  it('is the instance of a problem', async () => {
    const answer = await service.fetch('/nothing', { headers: { 'x-request-id': 'mine' } });
    expect(answer.json()).toMatchObject({ instance: 'mine' });
  });
});

describe('a trace', () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

  it('is in the log, but is not the id of a request, because other requests of the trace have it too', async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };
    const ids = await Promise.all(
      [1, 2].map(async () => String((await service.fetch('/stats', { headers })).headers.get('x-request-id'))),
    );
    expect(new Set([TRACE, ...ids]).size).toBe(3);
    for (const id of ids) expect(await service.log.requestWith(id)).toMatchObject({ trace_id: TRACE });
  });

  it('is logged beside an id', async () => {
    const headers = { traceparent: `00-${TRACE}-00f067aa0ba902b7-00`, 'x-request-id': 'traced' };
    expect((await service.fetch('/stats', { headers })).headers.get('x-request-id')).toBe('traced');
    expect(await service.log.requestWith('traced')).toMatchObject({ trace_id: TRACE });
  });

  it.each([
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${TRACE}-0000000000000000-01`,
    `ff-${TRACE}-00f067aa0ba902b7-01`,
    `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
    TRACE,
    '',
  ])('is ignored if it is malformed: %s', async (traceparent) => {
    const { headers } = await service.fetch('/stats', { headers: { traceparent } });
    const record = await service.log.requestWith(headers.get('x-request-id'));
    expect(record).not.toHaveProperty('trace_id');
  });
});

describe('unknown query parameters', () => {
  it.each(READABLE)('%s ignores them', async (path) => {
    expect(
      (await service.read(`${path}${path.includes('?') ? '&' : '?'}unknown=1&unknown=2&__proto__=1&constructor=&%ff&=`))
        .status,
    ).toBe(200);
  });
});
