import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { MAX_PIPELINED } from '../../../../src/adapters/http/node/pipelining-guard.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { hmacSignature } from '../../../../src/adapters/signature/hmac.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { connectTo, statusesIn, until } from '../../../support/connection.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import { sign } from '../../../support/http-client.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { MESSAGE, SECRET } from '../../../support/service.ts';

const BODY_BYTES = 65_000;
const POSTS = 60;
/** The number of bytes that the kernel delivers in one piece. */
const READ_BYTES = 65_536;

let end = (): void => undefined;
afterEach(() => {
  end();
});

/** A service whose reads wait until the test releases them, and whose commits take some turns of the event loop, like real ones. */
async function slowToRead() {
  const sound = inMemoryMessageRepository();
  let letGo = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const clock = manualClock(timestampFromMicros(0n));
  const served = await serveHttp({
    repository: {
      ...sound,
      list: (...args) => gate.then(() => sound.list(...args)),
      async add(updates) {
        for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
        return sound.add(updates);
      },
    },
    verifiers: new Map([[WEBHOOK, hmacSignature({ current: SECRET, previous: undefined }, { clock })]]),
    ...{ metrics: recordingMetrics(), clock, logger: recordingLogger() },
    ...{ maxBodyBytes: BODY_BYTES, maxBufferedBytes: 2 * BODY_BYTES },
  });
  end = () => {
    letGo();
    served.server.close();
    served.server.closeAllConnections();
  };
  const sockets: Socket[] = [];
  served.server.on('connection', (socket) => sockets.push(socket));
  return { ...served, letGo, sockets };
}

const LIST = 'GET /messages HTTP/1.1\r\nHost: x\r\n\r\n';

function post(messageId: string, bytes = BODY_BYTES): string {
  const start = JSON.stringify({ ...MESSAGE, message_id: messageId, padding: '' }).slice(0, -2);
  const body = `${start.padEnd(bytes - 2, 'x')}"}`;
  return (
    `POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Signature: ${sign(SECRET, body)}\r\n` +
    `Content-Length: ${String(body.length)}\r\n\r\n${body}`
  );
}

describe('bodies behind an unanswered request', () => {
  it('stay in the network until their turn, and are answered nevertheless', async () => {
    const { port, client, letGo, sockets } = await slowToRead();
    const { send, answers } = await connectTo(port);
    const sent = send(LIST + Array.from({ length: POSTS }, (_, i) => post(`m${String(i)}`)).join(''));
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0);
    // Enough time to read everything, without a clock: as many turns of the event loop as that takes.
    for (let i = 0; i < 100; i++) await client.fetch('/health/live');
    expect(sockets[0]?.bytesRead).toBeLessThanOrEqual(2 * READ_BYTES);
    letGo();
    await sent;
    expect(statusesIn(await answers(1 + POSTS))).toEqual(Array.from({ length: 1 + POSTS }, () => 200));
    expect((await client.fetch(`/messages/m${String(POSTS - 1)}`)).status).toBe(200);
  });

  it('stay there even if many fit into one read: the number of waiting ones never exceeds the limit', async () => {
    const { port, letGo, sockets } = await slowToRead();
    const { send, answers } = await connectTo(port);
    const posts = 4 * MAX_PIPELINED;
    const each = Math.ceil((2 * READ_BYTES) / MAX_PIPELINED); // one piece contains half as many as may wait
    const sent = send(LIST + Array.from({ length: posts }, (_, i) => post(`s${String(i)}`, each)).join(''));
    await until(() => (sockets[0]?.bytesRead ?? 0) > 0);
    letGo();
    await sent;
    expect(statusesIn(await answers(1 + posts))).toEqual(Array.from({ length: 1 + posts }, () => 200));
  });

  it('are discarded on arrival if they are of no use', async () => {
    const { port, letGo, sockets } = await slowToRead();
    const { send, answers } = await connectTo(port);
    const useless = 'x'.repeat(20 * READ_BYTES);
    const sent = send(LIST.replace('\r\n\r\n', `\r\nContent-Length: ${String(useless.length)}\r\n\r\n${useless}`));
    await until(() => (sockets[0]?.bytesRead ?? 0) > useless.length);
    letGo();
    await sent;
    expect(statusesIn(await answers(1))).toEqual([200]);
  });

  it('close the connection if they arrive in chunks, each of which would be kept separately', async () => {
    const { port, client, sockets } = await slowToRead();
    const connection = await connectTo(port);
    await connection.send(`${LIST}POST /webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
    await connection.send('1\r\nx\r\n'.repeat(1_000));
    await until(() => sockets[0]?.destroyed === true);
    await connection.ended;
    expect(connection.received()).toBe('');
    expect((await client.fetch('/health/live')).status).toBe(200);
  });
});
