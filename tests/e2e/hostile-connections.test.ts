import { gzipSync, deflateSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MAX_PIPELINED } from '../../src/adapters/http/node/pipelining-guard.ts';
import { connectTo, statusesIn, until, type Connection } from '../support/connection.ts';
import { sign } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

/** Senders that want to waste time and memory, or to make two readers of the same bytes disagree. */

const TIMEOUT_MS = 1_000;
/** With time limits that a test can wait for: a busy machine may take longer for anything else. */
let impatient: RunningService;
let service: RunningService;
const open = new Set<Connection>();

beforeAll(async () => {
  service = await startService({}, { lingerTimeout: 60_000 });
  impatient = await startService(
    {},
    {
      ...{ headersTimeout: TIMEOUT_MS, requestTimeout: 2 * TIMEOUT_MS, connectionsCheckingInterval: 50 },
      ...{ keepAliveTimeout: TIMEOUT_MS, silenceTimeout: 3 * TIMEOUT_MS },
    },
  );
});

afterEach(async () => {
  for (const { socket } of open) socket.destroy();
  open.clear();
  expect((await service.fetch('/health/live')).status).toBe(200);
  await until(async () => (await service.fetch('/metrics')).body.includes('\nrequest_body_bytes 0\n'));
});

afterAll(async () => {
  await service.stop();
  await impatient.stop();
});

async function connect(to = service): Promise<Connection> {
  const connection = await connectTo(to.port);
  open.add(connection);
  return connection;
}

const body = (messageId: string): string => JSON.stringify({ ...MESSAGE, message_id: messageId });

function post(content: string | Uint8Array, ...headers: string[]): string {
  const signature = `X-Signature: ${sign(SECRET, content)}`;
  return ['POST /webhook HTTP/1.1', 'Host: x', 'Content-Type: application/json', signature, ...headers, '', ''].join(
    '\r\n',
  );
}

const withLength = (content: string): string =>
  post(content, `Content-Length: ${String(Buffer.byteLength(content))}`) + content;

const get = (path: string, requestId: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${requestId}\r\n\r\n`;

/** The statuses of the answers to these bytes, until the other side closes. */
async function answersTo(bytes: string | Uint8Array, of = service): Promise<number[]> {
  const connection = await connect(of);
  await connection.send(bytes);
  await connection.ended;
  return statusesIn(connection.received());
}

const isStored = async (messageId: string): Promise<boolean> =>
  (await service.fetch(`/messages/${messageId}`)).status === 200;

describe('a slow client', () => {
  it.each([
    ['says nothing', ''],
    ['begins a line', 'GET /sta'],
    ['ends no header', 'GET /stats HTTP/1.1\r\nHost: x\r\n'],
    ['ends no body', post('{}', 'Content-Length: 100') + '{'],
    ['ends no chunk', post('{}', 'Transfer-Encoding: chunked') + '5\r\n{'],
  ])('that %s is answered with 408 and closed', async (_what, bytes) => {
    expect(await answersTo(bytes, impatient)).toEqual([408]);
  });

  it.each([
    ['header', 'GET /stats HTTP/1.1\r\nHost: x\r\nX-Long: '],
    ['body', post('{}', 'Content-Length: 1000')],
    ['chunked body', post('{}', 'Transfer-Encoding: chunked') + 'fff\r\n'],
  ])('with a %s that arrives byte by byte gains nothing, nor by keeping its own end open', async (_what, bytes) => {
    const connection = await connect(impatient);
    await connection.send(bytes);
    const dripping = setInterval(() => void connection.send('x'), 20);
    try {
      await connection.closed;
    } finally {
      clearInterval(dripping);
    }
    expect(statusesIn(connection.received())).toEqual([408]);
  });

  it('that is idle after an answer is closed without a message', async () => {
    expect(await answersTo(get('/health/live', 'idle'), impatient)).toEqual([200]);
  });

  it('that does not read its answers is closed', async () => {
    const alone = await startService({}, { silenceTimeout: TIMEOUT_MS, keepAliveTimeout: 3 * TIMEOUT_MS });
    try {
      const { socket, send, ended, received } = await connect(alone);
      socket.pause();
      // More than the kernel buffers.
      await send(get('/assets/redoc.standalone.js', 'unread').repeat(MAX_PIPELINED - 1));
      await alone.log.requestWith('unread');
      const later = await connect(alone);
      await later.send(get('/health/live', 'idle'));
      await later.ended; // which takes longer than the idle timeout
      socket.resume();
      await ended;
      expect(statusesIn(received()).length).toBeLessThan(MAX_PIPELINED / 2);
      const worked = alone.log.requests.filter(({ request_id: id }) => id === 'unread').length;
      expect(worked).toBeLessThan(MAX_PIPELINED / 2); // each only after the one before it was gone
    } finally {
      await alone.stop();
    }
  });
});

describe('a body that lies about its length', () => {
  it('of more bytes than declared: the rest is neither part of it nor a request', async () => {
    expect(await answersTo(`${withLength(body('surplus'))}"and more"`)).toEqual([200, 400]);
    expect(await isStored('surplus')).toBe(true);
  });

  it('of fewer bytes than declared: the next request becomes its rest, and the signature fails', async () => {
    const content = body('deficit');
    const next = get('/stats', 'smuggled').padEnd(200);
    const bytes = post(content, `Content-Length: ${String(content.length + next.length)}`, 'Connection: close');
    expect(await answersTo(bytes + content + next)).toEqual([401]);
    expect(await isStored('deficit')).toBe(false);
  });

  it.each([
    ['bytes behind the chunk', '2\r\n{}}\r\n0\r\n\r\n'],
    ['a size without end', `${'f'.repeat(17)}\r\n{}`],
    ['a negative size', '-2\r\n{}\r\n0\r\n\r\n'],
    ['a size with a sign', '+2\r\n{}\r\n0\r\n\r\n'],
    ['a size in 0x', '0x2\r\n{}\r\n0\r\n\r\n'],
    ['a line that ends in a bare newline', '2\n{}\n0\n\n'],
    ['an extension without end', `2;${'a'.repeat(100_000)}`],
  ])('in a chunk of %s: 400', async (_what, chunks) => {
    expect(await answersTo(post('{}', 'Transfer-Encoding: chunked') + chunks)).toEqual([400]);
  });

  it('of trailers without end: 431', async () => {
    const trailers = `0\r\nX-Long: ${'a'.repeat(100_000)}`;
    expect(await answersTo(post('', 'Transfer-Encoding: chunked') + trailers)).toEqual([431]);
  });
});

describe('a length that two readers interpret differently', () => {
  // The rest of the bytes is a complete webhook: a server that trusts the wrong length stores it.
  it.each([
    ['both, chunked last', ['Content-Length: 5', 'Transfer-Encoding: chunked']],
    ['both, chunked first', ['Transfer-Encoding: chunked', 'Content-Length: 5']],
    ['chunked not last', ['Transfer-Encoding: chunked, identity']],
    ['an encoding nobody knows', ['Transfer-Encoding: xchunked']],
    ['a space before the colon', ['Transfer-Encoding : chunked', 'Content-Length: 5']],
    ['a folded line', ['Content-Length: 5', 'X-Folded: a', ' Transfer-Encoding: chunked']],
    ['two different lengths', ['Content-Length: 5', 'Content-Length: 0']],
    ['a list of lengths', ['Content-Length: 5, 0']],
    ['a length with a sign', ['Content-Length: +5']],
    ['a length in hexadecimal', ['Content-Length: 0x5']],
    ['a length beyond all numbers', [`Content-Length: ${'9'.repeat(30)}`]],
    ['a bare newline in a header', ['X-Bare: a\nContent-Length: 5']],
    ['a null in a header', ['X-Null: a\0b', 'Content-Length: 5']],
  ])('%s: 400, and nothing that follows is a request', async (what, headers) => {
    const id = `smuggled-${what.replaceAll(/\W/g, '-')}`;
    const statuses = await answersTo(`${post('0\r\n\r\n', ...headers)}0\r\n\r\n${withLength(body(id))}`);
    expect(statuses).toEqual([400]);
    expect(await isStored(id)).toBe(false);
  });
});

describe('a compressed body', () => {
  const zeros = Buffer.alloc(64 * 1024 * 1024);
  it.each([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['gzip, gzip', gzipSync(gzipSync(zeros))],
  ])('of 64 MiB as %s is never unpacked: 401 for strangers, 415 when it is signed', async (encoding, bomb) => {
    const before = process.memoryUsage().arrayBuffers;
    const headers = { 'content-encoding': encoding };
    expect((await service.webhook(bomb, { ...headers, 'x-signature': 'no' })).status).toBe(401);
    const answer = await service.webhook(bomb, headers);
    expect([answer.status, answer.json()]).toEqual([
      415,
      expect.objectContaining({ detail: `send the body without Content-Encoding: it came with ${encoding}` }),
    ]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(zeros.length / 2);
  });
});

describe('pipelining', () => {
  const idsIn = (wire: string): string[] =>
    Array.from(wire.matchAll(/^X-Request-ID: (\S+)/gim), ([, id]) => String(id));

  it('many requests in one packet are answered in order, slow and fast ones, including a webhook', async () => {
    const paths = ['/messages', '/health/live', '/stats', '/nowhere', '/metrics'];
    const ids = Array.from({ length: MAX_PIPELINED - 1 }, (_, i) => `n${String(i)}`);
    const requests = ids.map((id, i) => get(paths[i % paths.length] ?? '', id));
    const connection = await connect();
    await connection.send(requests.join('') + withLength(body('pipelined')));
    const wire = await connection.answers(MAX_PIPELINED);
    expect(idsIn(wire).slice(0, -1)).toEqual(ids);
    const expected = ids.map((_, i) => (i % paths.length === 3 ? 404 : 200));
    expect(statusesIn(wire)).toEqual([...expected, 200]);
    expect(await isStored('pipelined')).toBe(true);
  });

  it('a connection with more unanswered requests than allowed is closed, even within a packet', async () => {
    const before = service.log.requests.length;
    const statuses = await answersTo(get('/stats', 'flood').repeat(MAX_PIPELINED * 20));
    expect(statuses.length).toBeLessThanOrEqual(MAX_PIPELINED);
    await service.fetch('/health/live');
    expect(service.log.requests.length - before).toBeLessThanOrEqual(MAX_PIPELINED + 1);
  });

  it('bytes that are not a request do not overtake the answers before them', async () => {
    const connection = await connect();
    await connection.send(`${withLength(body('before-nonsense'))}nonsense\r\n\r\n`);
    await connection.ended;
    expect(statusesIn(connection.received())).toEqual([200, 400]);
    expect(await isStored('before-nonsense')).toBe(true);
  });

  it('requests after one that closes the connection have no effect', async () => {
    const tooLarge = post('{}', 'Content-Length: 999999999');
    expect(await answersTo(tooLarge + withLength(body('after-close')))).toEqual([413]);
    expect(await isStored('after-close')).toBe(false);
  });
});

describe('a body that is rejected while it is still being sent', () => {
  const sendAll = async (requestBytes: string): Promise<Connection> => {
    const connection = await connect();
    connection.socket.pause(); // reads no answer before everything is sent, as simple clients do
    await connection.send(requestBytes);
    connection.socket.resume();
    return connection;
  };
  const tooLarge = 'x'.repeat(8_000_000);

  it.each([
    ['declared', post('', `Content-Length: ${String(tooLarge.length)}`) + tooLarge],
    ['chunked', `${post('', 'Transfer-Encoding: chunked')}${tooLarge.length.toString(16)}\r\n${tooLarge}\r\n0\r\n\r\n`],
  ])(
    '(%s) is read to its end, so that the answer arrives; and nothing that follows it is done',
    async (kind, bytes) => {
      const id = `behind-${kind}`;
      const senders = await Promise.all(Array.from({ length: 5 }, () => sendAll(bytes + withLength(body(id)))));
      for (const { ended, received } of senders) {
        await ended;
        expect(statusesIn(received())).toEqual([413]);
      }
      expect(await isStored(id)).toBe(false);
    },
  );

  it('does not reset the connection for bytes that follow late, because a reset would discard the answer', async () => {
    const connection = await connect();
    await connection.send(`${post('', 'Transfer-Encoding: chunked')}ffffff\r\n${'x'.repeat(0xffffff)}\r\n0\r\n\r\n`);
    await connection.ended;
    for (let i = 0; i < 10; i++) {
      await connection.send(withLength('y'.repeat(1_000_000))); // all of it more than the kernel buffers
      await service.fetch('/health/live'); // by then the service has noticed
    }
    connection.socket.end();
    await connection.closed;
    expect(connection.socket.errored).toBeNull();
    expect(statusesIn(connection.received())).toEqual([413]);
  });

  it('is not read for ever', async () => {
    const brief = await startService({}, { lingerTimeout: TIMEOUT_MS });
    const { send, ended, closed, received } = await connect(brief);
    await send(post('', 'Content-Length: 999999999'));
    const sending = setInterval(() => void send('x'.repeat(1_000)), 20);
    try {
      await ended; // immediately
      await closed;
    } finally {
      clearInterval(sending);
      await brief.stop();
    }
    expect(statusesIn(received())).toEqual([413]);
  });
});

describe('connections beyond the limit', () => {
  /** Whether there is room for one more. */
  const answers = (service: RunningService): Promise<boolean> =>
    service.fetch('/health/live').then(
      ({ status }) => status === 200,
      () => false,
    );

  it('are closed on arrival and counted, and the open ones continue', async () => {
    const small = await startService({}, { maxConnections: 2 });
    try {
      const [first, second] = [await connect(small), await connect(small)];
      await first.send(get('/health/live', 'first'));
      await first.answers(1);
      await first.send('GET /health/live HTTP/1.1\r\n'); // within another request, otherwise it would have to make room
      for (let i = 0; i < 3; i++) {
        const third = await connect(small);
        await third.ended;
        expect(third.received()).toBe('');
      }
      await second.send(get('/metrics', 'second'));
      await second.answers(1);
      await until(() => second.received().includes('http_connections_dropped_total 3'));
      first.socket.destroy();
      second.socket.destroy();
      await until(() => answers(small));
    } finally {
      for (const { socket } of open) socket.destroy();
      await small.stop();
    }
  });

  it('find room where others are idle', async () => {
    const small = await startService({}, { maxConnections: 2, keepAliveTimeout: 60_000 });
    try {
      const idle = [await connect(small), await connect(small)];
      for (const { send, answers } of idle) {
        await send(get('/health/live', 'idle'));
        await answers(1);
      }
      await (
        await connect(small)
      ).ended; // the first one that arrives is still closed, and then there is room
      for (const { ended } of idle) await ended;
      await until(() => answers(small));
    } finally {
      for (const { socket } of open) socket.destroy();
      await small.stop();
    }
  });
});
