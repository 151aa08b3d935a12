import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startService, type RunningService } from '../support/service.ts';

let service: RunningService;

beforeAll(async () => {
  service = await startService();
});

afterAll(() => service.stop());

const post = (...headers: string[]): string => ['POST /webhook HTTP/1.1', 'Host: x', ...headers, '', ''].join('\r\n');

describe('bytes that are not an HTTP request', () => {
  it.each([
    ['words', 'hello there\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a header without a colon', 'GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n'],
    ['no Host', 'GET /stats HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ['a raw byte in the target', 'GET /messages?q=\xff HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['two ways to say the length', `${post('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['two lengths', post('Content-Length: 5', 'Content-Length: 6')],
    ['a negative length', post('Content-Length: -5')],
    ['a chunk without a size', `${post('Transfer-Encoding: chunked')}zz\r\n\r\n`],
  ])('%s: 400, as a problem', async (_what, bytes) => {
    const answer = await service.raw(Buffer.from(bytes, 'latin1'));
    expect([answer.status, answer.headers.get('connection')]).toEqual([400, 'close']);
  });

  it('headers over the limit: 431, as a problem', async () => {
    const answer = await service.raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'a'.repeat(20_000)}\r\n\r\n`);
    expect([answer.status, answer.json()]).toEqual([
      431,
      expect.objectContaining({ title: 'Request Header Fields Too Large' }),
    ]);
  });

  it('leaves the server able to answer', async () => {
    await service.raw('nonsense\r\n\r\n');
    expect((await service.read('/health/live')).status).toBe(200);
  });
});

describe('an unusual request', () => {
  const close = 'Host: x\r\nConnection: close';
  it.each([
    ['HTTP/1.0 without Host', 'GET /health/live HTTP/1.0\r\n\r\n', 200],
    ['an absolute target', `GET http://x/health/live HTTP/1.1\r\n${close}\r\n\r\n`, 200],
    ['an empty query', `GET /health/live? HTTP/1.1\r\n${close}\r\n\r\n`, 200],
    ['an expectation that nobody knows', `GET /health/live HTTP/1.1\r\n${close}\r\nExpect: miracles\r\n\r\n`, 200],
    [
      'a wish to upgrade',
      `GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close, upgrade\r\nUpgrade: h2c\r\n\r\n`,
      200,
    ],
    ['the asterisk', `OPTIONS * HTTP/1.1\r\n${close}\r\n\r\n`, 404],
  ])('%s', async (_what, bytes, status) => {
    const path = (bytes.split(' ')[1] ?? '').replace('http://x', '');
    expect((await service.raw(bytes, { path })).status).toBe(status);
  });

  it('a HEAD or a 304 has no body on the wire', async () => {
    const head = await service.raw(`HEAD /stats HTTP/1.1\r\n${close}\r\n\r\n`);
    expect([head.status, head.body]).toEqual([200, '']);
    const same = await service.raw(
      `GET /stats HTTP/1.1\r\n${close}\r\nIf-None-Match: ${head.headers.get('etag') ?? ''}\r\n\r\n`,
    );
    expect([same.status, same.body]).toEqual([304, '']);
  });
});
