import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import { MESSAGE, SECRET, startService, type RunningService } from '../support/service.ts';

/** Each limit is counted by address for a minute, so each test has its own address, which a trusted proxy names. */
const KEY = 'a-key-of-sixteen';
const VERIFY_TOKEN = 'a-word-that-only-meta-knows';
const PROXIES = { TRUST_PROXY: '127.0.0.1, 10.0.0.0/8' };

let service: RunningService;
beforeAll(async () => {
  service = await startService({
    ...PROXIES,
    READ_API_KEYS: KEY,
    WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN,
    RATE_LIMIT_BAD_SIGNATURES_PER_MINUTE: '3',
    RATE_LIMIT_READS_PER_MINUTE: '4',
    RATE_LIMIT_WEBHOOKS_PER_MINUTE: '2',
  });
});
afterAll(() => service.stop());

let last = 0;
const newClient = (): string => `203.0.113.${String(++last)}`;
const from = (client: string): Record<string, string> => ({ 'x-forwarded-for': client });
const reading = (client: string, key = KEY): Record<string, string> => ({
  ...from(client),
  authorization: `Bearer ${key}`,
});
const forged = (client: string): Promise<CheckedAnswer> =>
  service.webhook(MESSAGE, { ...from(client), 'x-signature': sign('another secret', '') });
const genuine = (client: string, message: object = {}): Promise<CheckedAnswer> =>
  service.webhook({ ...MESSAGE, message_id: `of ${client}`, ...message }, from(client));

async function statuses(times: number, ask: () => Promise<CheckedAnswer>): Promise<number[]> {
  const given: number[] = [];
  for (let i = 0; i < times; i++) given.push((await ask()).status);
  return given;
}

async function series(name: string): Promise<number> {
  const { body } = await service.fetch('/metrics', { headers: { authorization: `Bearer ${KEY}` } });
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
}

async function increases(names: readonly string[], work: () => Promise<unknown>): Promise<number[]> {
  const before = await Promise.all(names.map(series));
  await work();
  const after = await Promise.all(names.map(series));
  return after.map((value, i) => value - (before[i] ?? 0));
}

/** A 429 with Retry-After and no effect. */
function expectTooMany(answer: CheckedAnswer): void {
  expect([answer.status, answer.json()]).toEqual([
    429,
    expect.objectContaining({ type: '/problems/too-many-requests', title: 'Too Many Requests' }),
  ]);
  const seconds = Number(answer.headers.get('retry-after'));
  expect(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60).toBe(true);
}

describe('wrong signatures', () => {
  it('are 401, and 429 when an address sends too many; other addresses are not affected', async () => {
    const client = newClient();
    expect(await statuses(3, () => forged(client))).toEqual([401, 401, 401]);
    expectTooMany(await forged(client));
    expect(await statuses(1, () => forged(newClient()))).toEqual([401]);
  });

  it('are in the log and the metrics by the limit that they exceeded, and among the rejections', async () => {
    const client = newClient();
    await statuses(3, () => forged(client));
    const names = [
      'http_rate_limited_total{kind="bad_signatures"}',
      'webhook_requests_total{result="too_many_requests"}',
      'webhook_rejections_total{provider="webhook",reason="wrong_digest"}',
    ];
    let answer: CheckedAnswer | undefined;
    const work = async (): Promise<void> => {
      answer = await forged(client);
    };
    expect(await increases(names, work)).toEqual([1, 1, 1]);
    const record = await service.log.requestWith(answer?.headers.get('x-request-id') ?? '');
    expect(record).toMatchObject({
      status: 429,
      result: 'too_many_requests',
      rate_limit: 'bad_signatures',
      client,
      signature_failure: 'wrong_digest',
    });
  });

  const LARGEST = 3_145_728;
  const sized = (bytes: number): string => {
    const start = JSON.stringify({ ...MESSAGE, message_id: `of ${String(bytes)}`, padding: '' }).slice(0, -2);
    return `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
  };

  it.each([200, 65_537, LARGEST])(
    'never block a client that signs %d bytes correctly from the same address',
    async (bytes) => {
      const client = newClient();
      await statuses(10, () => forged(client));
      const answer = await service.webhook(sized(bytes), from(client));
      expect([answer.status, answer.headers.get('x-message-result')]).toEqual([200, 'created']);
      expectTooMany(await forged(client));
    },
  );

  it('never block a client that signs a large body correctly and does not declare its length', async () => {
    const client = newClient();
    await statuses(4, () => forged(client));
    const body = sized(100_000);
    const headers = { ...from(client), 'content-type': 'application/json', 'x-signature': sign(SECRET, body) };
    const answer = await service.stream({ method: 'POST', path: '/webhook', headers }, async ({ write, end }) => {
      await write(body.slice(0, 65_536));
      await write(body.slice(65_536));
      end();
    });
    expect(answer.status).toBe(200);
  });

  it('are 429 in large bodies, too, and the service reads no more of them than of any body', async () => {
    const client = newClient();
    await statuses(3, () => forged(client));
    const wrong = { ...from(client), 'x-signature': sign('another secret', '') };
    expectTooMany(await service.webhook(sized(LARGEST), wrong));
    expect((await service.webhook(sized(LARGEST + 1), wrong)).status).toBe(413);
  });

  it('exclude those of a provider without a secret', async () => {
    const client = newClient();
    const ask = { method: 'POST', headers: { ...from(client), 'x-twilio-signature': 'x' }, body: 'a=b' };
    expect(await statuses(5, () => service.fetch('/webhooks/twilio', ask))).toEqual(Array(5).fill(503));
    expect((await forged(client)).status).toBe(401);
  });
});

describe('correctly signed webhooks', () => {
  it('are 429 and not stored when an address sends too many', async () => {
    const client = newClient();
    const send = (id: string): Promise<CheckedAnswer> => genuine(client, { message_id: `${client} ${id}` });
    expect([(await send('1')).status, (await send('2')).status]).toEqual([200, 200]);
    expectTooMany(await send('3'));
    const stored = async (id: string): Promise<number> =>
      (await service.fetch(`/messages/${client}%20${id}`, { headers: reading(newClient()) })).status;
    expect([await stored('2'), await stored('3')]).toEqual([200, 404]);
    expect((await service.log.first(({ rate_limit: kind }) => kind === 'webhooks'))['client']).toBe(client);
  });
});

describe('reads', () => {
  const READS = ['/messages', '/messages/m1', '/messages/m1/raw', '/stats', '/rejections'];
  const OTHERS = [
    '/',
    '/metrics',
    '/health/live',
    '/health/ready',
    '/docs',
    '/openapi.json',
    '/assets/docs.js',
    '/nothing',
  ];

  it.each(READS)('of %s are 429 when an address sends too many', async (path) => {
    const client = newClient();
    await statuses(4, () => service.fetch('/stats', { headers: reading(client) }));
    const names = ['http_rate_limited_total{kind="reads"}', 'webhook_requests_total{result="too_many_requests"}'];
    const work = async (): Promise<void> => {
      expectTooMany(await service.fetch(path, { headers: reading(client) }));
      expectTooMany(await service.fetch(path, { method: 'HEAD', headers: reading(client) }).then(withoutBody));
    };
    expect(await increases(names, work)).toEqual([2, 0]);
  });

  it.each(READS)('of %s count', async (path) => {
    const client = newClient();
    await statuses(4, () => service.fetch(path, { headers: reading(client) }));
    expectTooMany(await service.fetch('/stats', { headers: reading(client) }));
  });

  it.each(OTHERS)('exclude %s', async (path) => {
    const client = newClient();
    const before = await statuses(5, () => service.fetch(path, { headers: reading(client) }));
    await statuses(5, () => service.fetch('/stats', { headers: reading(client) }));
    expect(await statuses(1, () => service.fetch(path, { headers: reading(client) }))).toEqual(before.slice(0, 1));
    expect(before).not.toContain(429);
  });

  it('count with a wrong key, too, which makes keys much harder to guess', async () => {
    const client = newClient();
    const wrong = reading(client, 'a-key-of-another');
    expect(await statuses(4, () => service.fetch('/stats', { headers: wrong }))).toEqual(Array(4).fill(401));
    expectTooMany(await service.fetch('/stats', { headers: reading(client) }));
  });
});

describe('guesses of a read key at the metrics', () => {
  const scrape = (client: string, key?: string): Promise<CheckedAnswer> =>
    service.fetch('/metrics', { headers: reading(client, key) });

  it('are 429 when an address sends too many, and then no key is checked, otherwise the right one would show', async () => {
    const client = newClient();
    expect(await statuses(4, () => scrape(client, 'a-key-of-another'))).toEqual(Array(4).fill(401));
    const work = async (): Promise<void> => {
      expectTooMany(await scrape(client, 'a-key-of-another'));
      expectTooMany(await scrape(client));
    };
    expect(await increases(['http_rate_limited_total{kind="wrong_keys"}'], work)).toEqual([2]);
    expect((await service.log.first(({ rate_limit: kind }) => kind === 'wrong_keys'))['client']).toBe(client);
  });

  it('are no reads and do not affect other addresses, and requests with a right key are no guesses', async () => {
    const client = newClient();
    const scrapes = [...(await statuses(9, () => scrape(client))), (await scrape(newClient())).status];
    expect(scrapes).toEqual(Array(10).fill(200));
    await statuses(5, () => scrape(client, 'a-key-of-another'));
    expect(await statuses(1, () => service.fetch('/stats', { headers: reading(client) }))).toEqual([200]);
    expect((await scrape(newClient())).status).toBe(200);
  });
});

describe('guesses of the verify token', () => {
  const subscribe = (client: string, token: string): Promise<CheckedAnswer> => {
    const query = { 'hub.mode': 'subscribe', 'hub.challenge': '1', 'hub.verify_token': token };
    return service.fetch(`/webhooks/whatsapp?${new URLSearchParams(query).toString()}`, { headers: from(client) });
  };

  it('are 429 when an address sends too many, counted with its wrong signatures', async () => {
    const client = newClient();
    expect(await statuses(3, () => subscribe(client, 'a guess'))).toEqual([403, 403, 403]);
    const names = ['http_rate_limited_total{kind="bad_signatures"}'];
    const work = async (): Promise<void> => {
      expectTooMany(await subscribe(client, 'another guess'));
    };
    expect(await increases(names, work)).toEqual([1]);
    expectTooMany(await forged(client));
    expect((await subscribe(newClient(), 'a guess')).status).toBe(403);
  });

  it('never block a client that has the right one', async () => {
    const client = newClient();
    await statuses(9, () => subscribe(client, 'a guess'));
    expect(await statuses(9, () => subscribe(client, VERIFY_TOKEN))).toEqual(Array(9).fill(200));
  });
});

/** The same for an answer to HEAD, which only has headers. */
function withoutBody(answer: CheckedAnswer): CheckedAnswer {
  return { ...answer, json: () => ({ type: '/problems/too-many-requests', title: 'Too Many Requests' }) };
}

describe('an address', () => {
  it('is the one that the nearest proxy names, not the one that the client makes up', async () => {
    const client = newClient();
    const asks = [...Array(4).keys()].map((i) => `198.51.100.${String(i)}, ${client}, 10.1.1.1`);
    for (const [i, forwarded] of asks.entries())
      expect([i, (await forged(forwarded)).status]).toEqual([i, i < 3 ? 401 : 429]);
  });

  it('is the last one of several headers, which proxies may add instead of a longer one', async () => {
    const client = newClient();
    const ask = (i: number): Promise<CheckedAnswer> =>
      service.raw(
        'POST /webhook HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n' +
          `X-Forwarded-For: 198.51.100.${String(i)}\r\nX-Forwarded-For: ${client}\r\n\r\n`,
      );
    for (const i of [0, 1, 2, 3]) expect([i, (await ask(i)).status]).toEqual([i, i < 3 ? 401 : 429]);
  });

  it('may have a zone, which is ignored', async () => {
    const asks = ['eth0', 'br-0a1b', 'eth0.5', 'br_lan'].map((zone) => `2001:db8::1%${zone}`);
    for (const [i, client] of asks.entries())
      expect([client, (await forged(client)).status]).toEqual([client, i < 3 ? 401 : 429]);
  });

  it('is that of the connection if no proxy is trusted', async () => {
    const open = await startService({ RATE_LIMIT_READS_PER_MINUTE: '2' });
    try {
      const ask = (): Promise<CheckedAnswer> => open.fetch('/stats', { headers: from(newClient()) });
      expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([200, 200, 429]);
      expect((await open.log.first(({ status }) => status === 429))['client']).toBe('127.0.0.1');
      expect((await open.webhook(MESSAGE, { 'x-signature': sign(SECRET, 'other') })).status).toBe(401);
    } finally {
      await open.stop();
    }
  });
});
