import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectTo, until, type Connection } from '../support/connection.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const MAX_BODY = 100_000;
const LIMITS = { MAX_BODY_BYTES: String(MAX_BODY), MAX_BUFFERED_BYTES: String(2 * MAX_BODY) };
let service: RunningService;
let impatient: RunningService;
const open: Connection[] = [];

beforeAll(async () => {
  service = await startService(LIMITS);
  // Not for less than a busy machine takes to be asked what is held.
  impatient = await startService(LIMITS, {
    requestTimeout: 5_000,
    headersTimeout: 4_000,
    connectionsCheckingInterval: 100,
  });
});

afterAll(async () => {
  for (const { socket } of open) socket.destroy();
  await service.stop();
  await impatient.stop();
});

async function metric(name: string, of = service): Promise<number> {
  const { body } = await of.fetch('/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(body)?.[1]);
}

const held = (of = service): Promise<number> => metric('request_body_bytes', of);

const head = (body: string): string =>
  `POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Signature: ${sign(SECRET, body)}\r\n` +
  `Content-Length: ${String(body.length)}\r\n\r\n`;

const large = (messageId: string): string =>
  JSON.stringify({ ...MESSAGE, message_id: messageId, padding: 'x'.repeat(MAX_BODY - 200) });

/** A sender that stops after this number of bytes of the body. */
async function sendPart(body: string, bytes: number, to = service): Promise<Connection> {
  const connection = await connectTo(to.port);
  open.push(connection);
  await connection.send(head(body) + body.slice(0, bytes));
  return connection;
}

describe('when bodies fill the memory budget', () => {
  it('others are rejected before they are read, and small bodies and those in flight continue', async () => {
    const [first, second] = [large('first'), large('second')];
    const shed = await metric('request_bodies_shed_total');
    const senders = [await sendPart(first, 99_000), await sendPart(second, 99_000)];
    await until(async () => (await held()) === 198_000);

    const refused = await service.webhook(large('third'));
    expect([refused.status, refused.json()]).toEqual([503, expect.objectContaining({ type: '/problems/unavailable' })]);
    expect([refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual(['1', 'close']);
    const log = await service.log.requestWith(refused.headers.get('x-request-id'));
    expect(log).toMatchObject({
      ...{ status: 503, result: 'unavailable' },
      error: { cause: { message: 'request bodies fill MAX_BUFFERED_BYTES' } },
    });
    // By the declared length, without a byte of the body, or by the received length if none is declared.
    const declared = await sendPart(large('fourth'), 0);
    expect(await declared.answers(1)).toMatch(/^HTTP\/1\.1 503 /);
    const chunked = await service.stream({ path: '/webhook', method: 'POST' }, async ({ write }) => {
      await write('x'.repeat(3_000)); // and no end
    });
    expect([chunked.status, chunked.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await metric('request_bodies_shed_total')).toBe(shed + 3);
    expect(await held()).toBe(198_000);

    expect((await service.webhook({ ...MESSAGE, message_id: 'small' })).status).toBe(200);
    expect((await service.fetch('/messages')).status).toBe(200);
    expect((await service.fetch('/health/ready')).status).toBe(200);

    await senders[0]?.send(first.slice(99_000));
    await senders[1]?.send(second.slice(99_000));
    for (const sender of senders) expect(await sender.answers(1)).toMatch(/^HTTP\/1\.1 200 /);
    await until(async () => (await held()) === 0);
    expect((await service.webhook(large('third'))).status).toBe(200);
    for (const id of ['first', 'second', 'third', 'small'])
      expect((await service.fetch(`/messages/${id}`)).status).toBe(200);
    expect((await service.fetch('/messages/fourth')).status).toBe(404);
  });

  it('a declared length alone keeps no other request out', async () => {
    const body = large('declared');
    for (let i = 0; i < 50; i++) await sendPart(body, 0);
    expect(await held()).toBe(0);
    expect((await service.webhook(large('meanwhile'))).status).toBe(200);
  });

  it('a sender that gives up releases its part', async () => {
    const { socket } = await sendPart(large('given-up'), 90_000);
    await until(async () => (await held()) === 90_000);
    socket.destroy();
    await until(async () => (await held()) === 0);
  });

  it('a slow sender holds its part up to the time limit of a request, even if it never closes', async () => {
    const sender = await sendPart(large('slow'), 90_000, impatient);
    const dripping = setInterval(() => void sender.send('x'), 20);
    await until(async () => (await held(impatient)) > 90_000);
    expect(await sender.answers(1)).toMatch(/^HTTP\/1\.1 408 /);
    await until(async () => (await held(impatient)) === 0);
    await sender.closed;
    clearInterval(dripping);
    expect((await impatient.fetch('/messages/slow')).status).toBe(404);
  });
});
