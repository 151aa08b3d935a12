import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { HELMET_HEADERS } from '../support/contract-check.ts';
import { connectTo, statusesIn } from '../support/connection.ts';
import { startService, type RunningService } from '../support/service.ts';

/** Targets and Host headers that strangers make up: each is answered, counted and logged like every other request. */

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const request = (line: string, ...headers: string[]): string =>
  [`${line} HTTP/1.1`, ...headers, 'Connection: close', '', ''].join('\r\n');

async function wireOf(bytes: string): Promise<string> {
  const connection = await connectTo(service.port);
  await connection.send(Buffer.from(bytes, 'latin1'));
  await connection.ended;
  connection.socket.destroy();
  return connection.received();
}

const counted = async (): Promise<number> =>
  Array.from(
    (await service.fetch('/metrics')).body.matchAll(
      /^http_requests_total\{method="[^"]+",path="unmatched",status="4\d\d"\} (\d+)$/gm,
    ),
    ([, n]) => Number(n),
  ).reduce((sum, n) => sum + n, 0);

describe('a target that cannot be read', () => {
  it.each([
    ['no address', 'GET http://[%]/'],
    ['an open bracket', 'POST http://['],
    ['a port that is no number', 'GET http://[::1]:x/secret-path?q=SECRETWORD'],
    ['a host that is not valid', 'GET http://a:b/messages?q=SECRETWORD'],
    ['a user', 'GET http://user:password@a.example/messages'],
    ['no host', 'GET http:///messages'],
    ['another scheme', 'GET ftp://a.example/messages'],
    ['a fragment', 'GET /messages#SECRETWORD'],
    ['a user behind two slashes', 'GET //user@a:b/#SECRETWORD'],
    ['an asterisk', 'GET *'],
    ['no slash', 'GET messages'],
    ['a raw byte', 'GET /\xff'],
    ['a null', 'GET /\0'],
  ])('%s: 400, as a problem with an id, headers, a line and a count', async (_what, line) => {
    const before = await counted();
    const wire = await wireOf(request(line, 'Host: a'));
    expect(statusesIn(wire)).toEqual([400]);
    const headers = wire.split('\r\n\r\n')[0]?.toLowerCase() ?? '';
    expect([...HELMET_HEADERS, 'x-request-id'].filter((name) => !headers.includes(`\r\n${name}: `))).toEqual([]);
    expect(headers).toContain('application/problem+json');
    const [, id = ''] = /x-request-id: (\S+)/.exec(headers) ?? [];
    const record = await service.log.requestWith(id);
    expect(record).toMatchObject({ status: 400, path: '*' });
    expect(JSON.stringify(record)).not.toMatch(/SECRET|secret-path|a\.example|password/);
    expect(await counted()).toBe(before + 1);
  });
});

describe('an absolute target', () => {
  it.each([
    ['GET http://a.example/health/live', 200, '/health/live'],
    ['GET HTTPS://A.example:443/messages?limit=1', 200, '/messages'],
    ['GET http://[::1]:8000/stats', 200, '/stats'],
    ['GET http://a.example', 200, '/'],
    ['GET http://a.example/no/such', 404, '/no/such'],
    ['GET http://a%zz/health/live', 400, '*'],
  ])('%s: %i, logged as %s', async (line, status, path) => {
    const id = `absolute-${line.replaceAll(/\W/g, '-').slice(-40)}`;
    const wire = await wireOf(request(line, 'Host: other.example', `X-Request-ID: ${id}`));
    expect(statusesIn(wire)).toEqual([status]);
    expect(await service.log.requestWith(id)).toMatchObject({ status, path });
  });
});

describe('the Host header', () => {
  it.each([
    ['missing', []],
    ['repeated', ['Host: a', 'Host: a']],
    ['with a user', ['Host: user@a.example']],
    ['with a path', ['Host: a.example/path']],
    ['with a space', ['Host: a b']],
    ['with a port that is no number', ['Host: a:b']],
    ['with half an address', ['Host: [::1']],
    ['with an address that is not valid', ['Host: [1.2.3.4]']],
    ['with a list', ['Host: a, b']],
  ])('%s: 400', async (_what, headers) => {
    expect(statusesIn(await wireOf(request('GET /health/live', ...headers)))).toEqual([400]);
  });

  it.each(['a', 'a.example:8000', '127.0.0.1', '[::1]', '[::1]:8000', 'a_b', 'a%20b', '', 'a:'])(
    'may be %j',
    async (host) => {
      expect(statusesIn(await wireOf(request('GET /health/live', `Host: ${host}`)))).toEqual([200]);
    },
  );
});

it('CONNECT is answered with 404, after the requests before it', async () => {
  const before = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
  const wire = await wireOf(before + request('CONNECT a.example:443', 'Host: a.example:443', 'X-Request-ID: tunnel'));
  expect(statusesIn(wire)).toEqual([200, 404]);
  expect(wire).toContain('"instance":"tunnel"');
  expect(await service.log.requestWith('tunnel')).toMatchObject({ method: 'CONNECT', path: '*', status: 404 });
});

it('a flood of nonsense is counted, and writes few lines', async () => {
  const [lines, before] = [service.log.requests.length, await counted()];
  await Promise.all(Array.from({ length: 200 }, () => wireOf('nonsense\r\n\r\n')));
  expect(await counted()).toBe(before + 200);
  expect(service.log.requests.length - lines).toBeLessThan(150);
});
