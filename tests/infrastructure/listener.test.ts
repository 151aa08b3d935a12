import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readConfig } from '../../src/infrastructure/config/config.ts';
import { closeServer, listen } from '../../src/infrastructure/listener.ts';

const servers: Server[] = [];
const onLoopback = { ...readConfig({ PORT: '0' }) };

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function started() {
  const server = createServer();
  servers.push(server);
  return { server, address: await listen(server, onLoopback) };
}

/** A request in flight: the server has received it and not answered. */
async function held(server: Server, port: number) {
  const outgoing = request({ port, host: '127.0.0.1' }).end();
  const answer = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  answer.catch(() => undefined);
  const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
  return { response, answer };
}

describe('listen', () => {
  it('returns the assigned port', async () => {
    const { server, address } = await started();
    expect([address.address, server.listening]).toEqual(['127.0.0.1', true]);
    expect(address.port).toBeGreaterThan(0);
  });

  it('rejects if the port is in use', async () => {
    const { address } = await started();
    const second = listen(createServer(), { ...onLoopback, port: address.port });
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it.each([
    ['no-such-host.invalid', /^HOST is no-such-host.invalid, a name without an address: E/],
    ['192.0.2.1', 'HOST is 192.0.2.1, no address of this machine: EADDRNOTAVAIL'],
  ])('says what is wrong with %s', async (host, words) => {
    await expect(listen(createServer(), { ...onLoopback, host })).rejects.toThrow(words);
  });
});

describe('closeServer', () => {
  const limits = { shutdownDelayMs: 0, shutdownTimeoutMs: 60_000 };

  it('waits for a request in flight, and then closes its connection', async () => {
    const { server, address } = await started();
    const { response, answer } = await held(server, address.port);
    const closed = closeServer(server, limits);
    await new Promise(setImmediate);
    response.end('finished');
    expect((await answer)[0].statusCode).toBe(200);
    expect(await closed).toBe(true);
    expect(server.listening).toBe(false);
  });

  it('cuts off requests that take too long, and reports it', async () => {
    const { server, address } = await started();
    const { answer } = await held(server, address.port);
    expect(await closeServer(server, { ...limits, shutdownTimeoutMs: 100 })).toBe(false);
    await expect(answer).rejects.toThrow();
  });

  it('keeps serving until the delay is over', async () => {
    const { server, address } = await started();
    server.on('request', (_request, response) => void response.end());
    const ask = () => fetch(`http://127.0.0.1:${String(address.port)}`, { headers: { connection: 'close' } });
    await ask(); // the first takes longer
    const closed = closeServer(server, { ...limits, shutdownDelayMs: 2_000 });
    expect((await ask()).status).toBe(200);
    expect(server.listening).toBe(true);
    expect(await closed).toBe(true);
  });

  it('has nothing to do for a server that never listened', async () => {
    expect(await closeServer(createServer(), limits)).toBe(true);
  });
});
