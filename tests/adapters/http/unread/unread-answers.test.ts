import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { until } from '../../../support/connection.ts';
import { manualClock, manualTimer, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { message } from '../../persistence/contract/repository-fixtures.ts';

const BODY_BYTES = 1_000_000;
/** Room for one body, which counts three times until the first look. */
const MAX_UNREAD_BYTES = 4_000_000;
const INTERVAL_MS = 2_000;

const jsonOf = (bytes: number): Buffer => Buffer.from(JSON.stringify('x'.repeat(bytes)));

const clients = new Set<Socket>();
let end = (): void => undefined;
afterEach(() => {
  for (const client of clients) client.destroy();
  end();
});

async function service() {
  const repository = inMemoryMessageRepository();
  const payload = { mediaType: 'application/json', body: jsonOf(BODY_BYTES) };
  const huge = { mediaType: 'application/json', body: jsonOf(2 * MAX_UNREAD_BYTES) };
  await repository.add([
    { ...message('big'), payload },
    { ...message('huge'), payload: huge },
  ]);
  const [metrics, timer, clock] = [recordingMetrics(), manualTimer(), manualClock(timestampFromMicros(0n))];
  const parts = { repository, verifiers: new Map(), metrics, timer, logger: recordingLogger(), clock };
  const served = await serveHttp({ ...parts, maxUnreadBytes: MAX_UNREAD_BYTES });
  end = () => {
    served.server.close();
    served.server.closeAllConnections();
  };
  /** A client that has received the beginning of an answer, and reads no further. */
  const paused = async (head = ''): Promise<Socket> => {
    const client = connect(served.port, '127.0.0.1');
    clients.add(client.on('error', () => undefined));
    client.write(`GET /messages/big/raw HTTP/1.1\r\nHost: x\r\n${head}\r\n`);
    await once(client, 'data');
    return client.pause();
  };
  const statusOf = async (path: string): Promise<number> => (await served.client.fetch(path)).status;
  /** Lets time pass until the service has looked again. */
  const look = async (): Promise<void> => {
    const looks = metrics.unreadBytesHeld.length;
    timer.pass(INTERVAL_MS);
    await until(() => metrics.unreadBytesHeld.length > looks);
  };
  return { ...served, metrics, paused, statusOf, look };
}

describe('answers that nobody reads', () => {
  it('leave no room for further large ones, while small ones and webhooks are answered', async () => {
    const { paused, statusOf, metrics, client } = await service();
    await paused();
    await paused();
    await until(async () => (await statusOf('/messages/big/raw')) === 503);
    expect(metrics.answersShed.length).toBeGreaterThan(0);
    expect(await statusOf('/health/live')).toBe(200);
    expect((await client.webhook({}, {})).status).toBe(503); // no secret: it is not the memory that refuses it
    expect(Math.max(...metrics.unreadBytesHeld)).toBeLessThan(3 * MAX_UNREAD_BYTES);
  });

  it('of which one alone may exceed the limit', async () => {
    const { statusOf, look } = await service();
    expect(await statusOf('/messages/huge/raw')).toBe(200);
    await until(async () => {
      await look();
      return (await statusOf('/messages/huge/raw')) === 200;
    });
  });

  it('make room when they are read', async () => {
    const { paused, statusOf, look } = await service();
    const slow = [await paused(), await paused()];
    await until(async () => (await statusOf('/messages/big/raw')) === 503);
    for (const client of slow) client.resume();
    await until(async () => {
      await look();
      return (await statusOf('/messages/big/raw')) === 200;
    });
  });

  it.each([
    ['', 'of a connection that stays open'],
    ['Connection: close\r\n', 'of a connection that closes after the answer'],
  ])('end in a reset after a minute: those %j %s', async (head) => {
    const { paused, look, metrics } = await service();
    const client = await paused(head);
    const errors: string[] = [];
    client.on('error', ({ message: text }) => errors.push(text));
    const closed = new Promise((resolve) => client.once('close', resolve));
    for (let i = 0; i < 30; i++) await look(); // the first of them sees that something is unread
    expect(metrics.connectionsReset).toEqual([]);
    await look();
    expect(metrics.connectionsReset).toEqual([true]);
    client.resume();
    await closed;
    expect(errors.join()).toContain('ECONNRESET');
  });

  it('make room for others after five seconds if there is none', async () => {
    const { paused, look, statusOf, metrics } = await service();
    await paused();
    await paused();
    await until(async () => (await statusOf('/messages/big/raw')) === 503);
    for (let i = 0; i < 4; i++) await look();
    await until(async () => {
      await look();
      return (await statusOf('/messages/big/raw')) === 200;
    });
    expect(metrics.connectionsReset.length).toBeGreaterThan(0);
  });
});

it('a client that reads a large answer of a closing connection gets all of it', async () => {
  const { port, look, server } = await service();
  const client = connect(port, '127.0.0.1');
  clients.add(client);
  client.end('GET /messages/big/raw HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  let bytes = 0;
  client.on('data', (data) => (bytes += data.length));
  await once(client, 'end');
  expect(bytes).toBeGreaterThan(BODY_BYTES);
  await look();
  await until(
    () =>
      new Promise<boolean>(
        (resolve) =>
          void server.getConnections((_, open) => {
            resolve(open === 0);
          }),
      ),
  );
});
