import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openEventStream, type EventStreamReader } from '../support/event-stream.ts';
import { MESSAGE, startService, type RunningService } from '../support/service.ts';
import { on } from '../support/stores.ts';

let service: RunningService;
const open: EventStreamReader[] = [];

beforeAll(async () => {
  service = await startService();
});

afterAll(async () => {
  for (const stream of open) await stream.close();
  await service.stop();
});

async function follow(query = '', headers: Record<string, string> = {}, of = service): Promise<EventStreamReader> {
  const stream = await openEventStream(of.url, `/messages/stream${query}`, headers);
  open.push(stream);
  return stream;
}

let sent = 0;
/** Sends a message with an id of its own; returns the id when it is stored. */
async function send(fields: object = {}, of = service): Promise<string> {
  const id = `m${String(sent++)}`;
  expect((await of.webhook({ ...MESSAGE, message_id: id, ...fields })).status).toBe(200);
  return id;
}

const idOf = (data: string): string => (JSON.parse(data) as { message_id: string }).message_id;

describe('GET /messages/stream', () => {
  it('delivers messages in the order in which they are stored, and no earlier ones', async () => {
    await send();
    const stream = await follow();
    const late = await send({ ts: '2030-01-01T00:00:00Z' });
    const early = await send({ ts: '1999-01-01T00:00:00Z', text: 'zwei\nZeilen \u2028 “🚚”' });
    const [first, second] = [await stream.next(), await stream.next()];
    expect([idOf(first.data), idOf(second.data)]).toEqual([late, early]);
    expect(JSON.parse(second.data)).toEqual({
      message_id: early,
      from: MESSAGE.from,
      to: MESSAGE.to,
      ts: '1999-01-01T00:00:00Z',
      text: 'zwei\nZeilen \u2028 “🚚”',
      provider: 'webhook',
      type: 'text',
    });
    expect([first.event, second.event]).toEqual(['message', 'message']);
  });

  it('forbids caching, and names the time to reconnect', async () => {
    const stream = await follow();
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.headers.get('cache-control')).toBe('no-store');
    await stream.until('\nid: ');
    expect(stream.text()).toMatch(/^retry: 2000\n\nid: [\w-]+\n\n$/);
  });

  it('resumes where it was cut, without a gap and without repeating', async () => {
    let stream = await follow();
    await stream.until('\nid: ');
    let last = stream.lastId();
    const [ids, seen]: [string[], string[]] = [[], []];
    const read = async (): Promise<void> => {
      const { id, data } = await stream.next();
      last = id;
      seen.push(idOf(data));
    };
    for (const toRead of [0, 2, 1, 0, 3, 5]) {
      for (let i = 0; i < 3; i++) ids.push(await send());
      for (let i = 0; i < toRead && seen.length < ids.length; i++) await read();
      await stream.close(); // a client has not seen what arrived but was not read
      ids.push(await send());
      stream = await follow('', { 'last-event-id': last });
    }
    while (seen.length < ids.length) await read();
    expect(seen).toEqual(ids);
  });

  it('delivers only matching messages, with the id of all others', async () => {
    const stream = await follow('?from=%2B155&q=STRASSE');
    await send({ text: 'Straße' });
    await send({ from: '+155' });
    const wanted = await send({ from: '+155', text: 'die Straße' });
    expect(idOf((await stream.next()).data)).toBe(wanted);
  });

  it.each(['nonsense', Buffer.from('["other epoch","1",""]').toString('base64url'), '%00', '0'.repeat(2_000)])(
    'says that it cannot resume from %s, and resumes from now',
    async (id) => {
      const stream = await follow('', { 'last-event-id': id });
      expect(await stream.next()).toMatchObject({ event: 'reset', data: '{}' });
      expect(stream.lastId()).not.toBe('');
      const next = await send();
      expect(idOf((await stream.next()).data)).toBe(next);
    },
  );

  it('says so when delivered messages were erased or restored meanwhile', async () => {
    const stream = await follow();
    await send();
    const { id } = await stream.next();
    await on(service.databaseUrl, ({ db }) => db('stream_epoch').update({ epoch: 'another' }));
    const resumed = await follow('', { 'last-event-id': id });
    expect(await resumed.next()).toMatchObject({ event: 'reset' });
    const next = await send(); // or a poll, whichever comes first
    expect(idOf((await resumed.next()).data)).toBe(next);
    expect(await stream.next()).toMatchObject({ event: 'reset' });
  });

  it('delivers within moments messages that another process stores', async () => {
    const stream = await follow();
    await stream.until('\nid: ');
    const other = await startService({ DATABASE_URL: service.databaseUrl });
    try {
      const id = await send({}, other);
      expect(idOf((await stream.next()).data)).toBe(id);
    } finally {
      await other.stop();
    }
  });

  it('rejects invalid requests, and does not hide a message of the same name', async () => {
    const answer = await service.fetch('/messages/stream?q=&from=me');
    expect([answer.status, answer.json()]).toMatchObject([
      422,
      { errors: [{ loc: ['query', 'from'] }, { loc: ['query', 'q'] }] },
    ]);
    await send({ message_id: 'stream' });
    expect((await service.read('/messages/%73tream')).json()).toMatchObject({ message_id: 'stream' });
  });

  it('answers HEAD, and leaves nothing open', async () => {
    const own = await startService({ MAX_STREAMS: '1' });
    try {
      for (let i = 0; i < 5; i++) {
        const head = await own.fetch('/messages/stream', { method: 'HEAD' });
        expect([head.status, head.body]).toEqual([200, '']);
      }
      await follow('', {}, own);
    } finally {
      await own.stop();
    }
  });
});

describe('the number of streams', () => {
  it('is limited and reported; a stream beyond the limit gets Retry-After', async () => {
    const own = await startService({ MAX_STREAMS: '2' });
    try {
      const [one] = [await follow('', {}, own), await follow('', {}, own)];
      const refused = await own.fetch('/messages/stream');
      expect([refused.status, refused.headers.get('retry-after'), refused.json()]).toMatchObject([
        503,
        '5',
        { type: '/problems/unavailable', detail: 'as many streams are open as may be; ask again later' },
      ]);
      const gauge = async (): Promise<string | undefined> =>
        /^message_streams (\d+)$/m.exec((await own.read('/metrics')).body)?.[1];
      expect(await gauge()).toBe('2');
      await one.close();
      while ((await gauge()) !== '1');
      await follow('', {}, own);
    } finally {
      await own.stop();
    }
  });
});

describe('the log and the metrics of a stream', () => {
  it('have one line at its end, with its whole duration, and only its beginning in the histogram', async () => {
    const own = await startService();
    try {
      const started = performance.now();
      const stream = await follow('?q=Hello', {}, own);
      await send({ text: 'Hello' }, own);
      await stream.next();
      const lines = () => own.log.requests.filter(({ path }) => path === '/messages/stream');
      expect(lines()).toEqual([]);
      const metrics = (await own.read('/metrics')).body;
      expect(metrics).toContain('http_requests_total{method="GET",path="/messages/stream",status="200"} 1');
      const sum = /http_request_duration_seconds_sum\{method="GET",path="\/messages\/stream"\} (\S+)/.exec(
        metrics,
      )?.[1];
      await stream.close();
      while (lines().length === 0) await own.fetch('/health/live');
      const took = performance.now() - started;
      expect(lines()).toMatchObject([{ status: 200, messages: 1, level: 'INFO' }]);
      const latency = Number(lines()[0]?.['latency_ms']);
      expect(latency).toBeGreaterThan(Number(sum) * 1_000);
      expect(latency).toBeLessThan(took);
    } finally {
      await own.stop();
    }
  });
});

describe('a service that stops', () => {
  /** Shorter than any other limit that ends a stream. */
  const SHUTDOWN_TIMEOUT_MS = '10000';

  it('ends its streams immediately and in order, and waits for none of them', async () => {
    const own = await startService({ SHUTDOWN_TIMEOUT_MS });
    const streams = [await follow('', {}, own), await follow('?q=x', {}, own)];
    await send({}, own);
    expect(await own.stop()).toBe(true);
    for (const { ended } of streams) expect(await ended).toEqual({ whole: true });
    expect(own.log.records.filter(({ level }) => level !== 'INFO')).toEqual([]);
  });

  it('continues its streams, and accepts new ones, until its delay is over', async () => {
    const own = await startService({ SHUTDOWN_DELAY_MS: '5000' });
    const before = await follow('', {}, own);
    const stopped = own.stop();
    const meanwhile = await follow('', {}, own);
    const id = await send({}, own);
    for (const stream of [before, meanwhile]) expect(idOf((await stream.next()).data)).toBe(id);
    await stopped;
    for (const { ended } of [before, meanwhile]) expect(await ended).toEqual({ whole: true });
  });

  it('is not delayed by a client that does not read', async () => {
    const own = await startService({ SHUTDOWN_TIMEOUT_MS });
    const stuck = await follow('', {}, own);
    await stuck.until('\nid: ');
    stuck.pause();
    // More than all buffers between the two hold.
    for (let i = 0; i < 40; i++) {
      await Promise.all(Array.from({ length: 25 }, () => send({ text: 'x'.repeat(4_096) }, own)));
    }
    expect(await own.stop()).toBe(true);
  });
});

describe('a stream that needs a key', () => {
  it('is rejected without one, and followed with it', async () => {
    const key = 'a-key-for-reading-messages';
    const own = await startService({ READ_API_KEYS: key, ORIGINS: 'https://app.example.com' });
    try {
      expect((await own.fetch('/messages/stream')).status).toBe(401);
      const stream = await follow('', { authorization: `Bearer ${key}`, origin: 'https://app.example.com' }, own);
      expect(stream.headers.get('access-control-allow-origin')).toBe('https://app.example.com');
      const id = await send({}, own);
      expect(idOf((await stream.next()).data)).toBe(id);
    } finally {
      await own.stop();
    }
  });

  it('counts as one read of its address', async () => {
    const own = await startService({ RATE_LIMIT_READS_PER_MINUTE: '1' });
    try {
      await follow('', {}, own);
      expect((await own.fetch('/messages/stream')).status).toBe(429);
    } finally {
      await own.stop();
    }
  });
});
