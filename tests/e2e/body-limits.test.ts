import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

const LIMIT = 1_024;
let service: RunningService;

beforeAll(async () => {
  service = await startService({ MAX_BODY_BYTES: String(LIMIT) });
});

afterAll(() => service.stop());

/** A message of exactly this number of bytes. */
function padded(messageId: string, bytes: number): string {
  const body = JSON.stringify({ ...MESSAGE, message_id: messageId, padding: '' });
  return body.replace('"padding":""', `"padding":"${'x'.repeat(bytes - body.length)}"`);
}

const signed = (body: string): Record<string, string> => ({
  'content-type': 'application/json',
  'x-signature': sign(SECRET, body),
});

const isStored = async (messageId: string): Promise<boolean> =>
  (await service.fetch(`/messages/${messageId}`)).status === 200;

describe('a body with its length declared', () => {
  it('may be as long as the limit', async () => {
    expect((await service.webhook(padded('longest', LIMIT))).status).toBe(200);
    expect(await isStored('longest')).toBe(true);
  });

  it('is too large with one byte more, signed or not', async () => {
    for (const headers of [{}, { 'x-signature': '00' }]) {
      const answer = await service.webhook(padded('too-long', LIMIT + 1), headers);
      expect([answer.status, answer.json()]).toEqual([
        413,
        expect.objectContaining({ type: '/problems/content-too-large', detail: 'the body is larger than 1024 bytes' }),
      ]);
      expect(answer.headers.get('connection')).toBe('close');
    }
    expect(await isStored('too-long')).toBe(false);
  });

  it('is rejected before it is sent', async () => {
    const head =
      'POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n';
    expect((await service.raw(head)).status).toBe(413);
  });

  it('may arrive in pieces that cut a character in two', async () => {
    const body = Buffer.from(JSON.stringify({ ...MESSAGE, message_id: 'pieces', text: '😀'.repeat(40) }));
    const headers = { ...signed(body.toString()), 'content-length': String(body.length) };
    const answer = await service.stream({ path: '/webhook', method: 'POST', headers }, async ({ write, end }) => {
      for (let i = 0; i < body.length; i += 33) await write(body.subarray(i, i + 33));
      end();
    });
    expect(answer.status).toBe(200);
    expect((await service.fetch('/messages/pieces')).json()).toMatchObject({ text: '😀'.repeat(40) });
  });

  it('must be as long as its declared length', async () => {
    const body = JSON.stringify({ ...MESSAGE, message_id: 'cut' });
    const lines = Object.entries(signed(body)).map(([name, value]) => `${name}: ${value}`);
    const length = `Content-Length: ${String(body.length + 1)}`;
    const head = ['POST /webhook HTTP/1.1', 'Host: x', ...lines, length].join('\r\n');
    const answer = await service.raw(`${head}\r\n\r\n${body}`, { halfClose: true });
    expect([answer.status, answer.json()]).toEqual([400, expect.objectContaining({ type: '/problems/bad-request' })]);
    expect(await isStored('cut')).toBe(false);
  });

  it('leaves one line in the log when its sender gives up', async () => {
    const requestId = 'given-up';
    const headers = { 'content-length': '500', 'x-request-id': requestId };
    const giveUp = service.stream({ path: '/webhook', method: 'POST', headers }, async ({ write, destroy }) => {
      await write('{"message_id":');
      destroy();
    });
    await expect(giveUp).rejects.toThrow();
    expect(await service.log.requestWith(requestId)).toMatchObject({ status: 400, result: 'bad_request' });
    await service.fetch('/health/live');
    expect(service.log.requests.filter(({ request_id: id }) => id === requestId)).toHaveLength(1);
  });
});

describe('a chunked body', () => {
  const chunked = (body: string, chunks: readonly string[]) =>
    service.stream({ path: '/webhook', method: 'POST', headers: signed(body) }, async ({ write, end }) => {
      for (const chunk of chunks) await write(chunk);
      end();
    });

  it('may be as long as the limit', async () => {
    const body = padded('chunked', LIMIT);
    expect((await chunked(body, [body.slice(0, 10), body.slice(10)])).status).toBe(200);
  });

  it('is too large with one byte more', async () => {
    const body = padded('chunked-too-long', LIMIT + 1);
    expect((await chunked(body, [body.slice(0, 10), body.slice(10)])).status).toBe(413);
    expect(await isStored('chunked-too-long')).toBe(false);
  });

  it('is answered before its end when it exceeds the limit', async () => {
    const answer = await service.stream({ path: '/webhook', method: 'POST' }, async ({ write }) => {
      await write('x'.repeat(LIMIT + 1)); // and no end
    });
    expect(answer.status).toBe(413);
  });
});

describe('a sender who asks before the body is sent (Expect: 100-continue)', () => {
  /** The interim answer and the answer; the body follows when the service asks for it. */
  async function asking(path: string, body: string) {
    const asked = { 'content-length': body.length, expect: '100-continue', connection: 'keep-alive' };
    const headers = { ...signed(body), ...asked };
    const outgoing = request({ port: service.port, path, method: 'POST', headers, agent: false });
    let isWanted = false;
    outgoing.on('continue', () => {
      isWanted = true;
      outgoing.end(body);
    });
    const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
    await text(answer);
    outgoing.destroy();
    return { isWanted, status: answer.statusCode, connection: answer.headers.connection };
  }

  it('sends it if it is within the limit', async () => {
    await expect(asking('/webhook', padded('asked', LIMIT))).resolves.toMatchObject({ isWanted: true, status: 200 });
    expect(await isStored('asked')).toBe(true);
  });

  it.each([
    ['/webhook', 413],
    ['/nowhere', 404],
  ])('does not send it if it is too large, to %s', async (path, status) => {
    const answer = await asking(path, padded('asked-too-long', LIMIT + 1));
    expect(answer).toEqual({ isWanted: false, status, connection: 'close' });
  });
});

describe('by default', () => {
  it('the limit is 3 MiB', async () => {
    const roomy = await startService();
    try {
      expect((await roomy.webhook(padded('whole', 3 * 1_024 * 1_024))).status).toBe(200);
      expect((await roomy.webhook(padded('over', 3 * 1_024 * 1_024 + 1))).status).toBe(413);
    } finally {
      await roomy.stop();
    }
  });
});
