import type { RequestListener } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createInboxClient,
  ProblemError,
  unwrap,
  verifyWebhook,
  type IngestRequest,
  type InboxClient,
  type InboxClientOptions,
  type Message,
  type Retry,
} from '../../clients/typescript/src/index.ts';
import { withServer } from '../support/local-server.ts';
import { withUnreliable } from '../support/unreliable.ts';
import { SECRET, startService, type RunningService } from '../support/service.ts';

const KEY = 'a-key-for-reading-messages';
const COUNT = 230;

/** Ids and texts with characters that have to be escaped in addresses and in JSON. */
const SENT: IngestRequest[] = Array.from({ length: COUNT }, (_, i) => ({
  message_id: `m/${String(i).padStart(3, '0')}?ä"\\ 100%`,
  from: `+91${String(i % 2)}`,
  to: '+14155550100',
  ts: `2025-01-15T1${String(Math.floor(i / 60))}:${String(i % 60).padStart(2, '0')}:00Z`,
  ...(i % 5 !== 0 && { text: `Straße ${String(i)} & "100%" 😀` }),
}));
const STORED: Message[] = SENT.map((message) => ({ ...message, text: message.text ?? null }));

describe('the TypeScript client', () => {
  let service: RunningService;
  let inbox: InboxClient;
  const client = (options: Partial<InboxClientOptions> = {}): InboxClient =>
    createInboxClient({ baseUrl: service.url, readKey: KEY, webhookSecret: SECRET, sleep: noWait, ...options });
  const noWait = () => Promise.resolve();
  const all = async (...asked: Parameters<InboxClient['listAllMessages']>) => {
    const messages: Message[] = [];
    for await (const message of inbox.listAllMessages(...asked)) messages.push(message);
    return messages;
  };

  beforeAll(async () => {
    service = await startService({ READ_API_KEYS: KEY, LOG_LEVEL: 'ERROR' });
    inbox = client();
    for (const message of SENT) await expect(inbox.ingestMessage(message)).resolves.toBe('created');
  });
  afterAll(() => service.stop());

  it('reports the outcome of a message', async () => {
    const [first] = SENT;
    if (first === undefined) throw new Error('nothing was sent');
    await expect(inbox.ingestMessage(first)).resolves.toBe('duplicate');
    await expect(inbox.ingestMessage({ ...first, text: 'another' })).resolves.toBe('conflict');
  });

  it('yields every message once, in order, over all pages', async () => {
    await expect(all()).resolves.toEqual(STORED);
    await expect(all({ limit: 7 })).resolves.toEqual(STORED);
    await expect(all({ from: '+911', q: 'STRASSE' })).resolves.toEqual(
      STORED.filter(({ from, text }) => from === '+911' && text !== null),
    );
    await expect(all({ since: '2025-01-15T12:00:00+00:00', until: '2025-01-15T13:00:00Z' })).resolves.toEqual(
      STORED.slice(120, 180),
    );
    await expect(all({ q: 'nowhere to be found' })).resolves.toEqual([]);
  });

  it('resumes from a stored cursor', async () => {
    const pages = inbox.listMessagePages({ limit: 50, q: '😀' });
    const { value: page } = await pages.next();
    await pages.return();
    const cursor = page?.next_cursor;
    if (page === undefined || !cursor) throw new Error('there is no second page');
    expect([...page.data, ...(await all({ q: '😀', cursor }))]).toEqual(STORED.filter(({ text }) => text !== null));
  });

  it('requests no page that nobody reads', async () => {
    let requests = 0;
    const counting = client({ fetch: (asked) => (requests++, fetch(asked)) });
    let seen = 0;
    for await (const { message_id } of counting.listAllMessages({ limit: 10 })) {
      expect(message_id).toBe(STORED[seen]?.message_id);
      if (++seen === 15) break;
    }
    expect(requests).toBe(2);
  });

  it('reads a page by offset, one message, totals, and everything else in the contract', async () => {
    const page = await inbox.listMessages({ limit: 2, offset: 3 });
    expect(page).toMatchObject({ data: STORED.slice(3, 5), total: COUNT, limit: 2, offset: 3 });
    await expect(inbox.getMessage(STORED[3]?.message_id ?? '')).resolves.toEqual({
      ...STORED[3],
      ...{ provider: 'webhook', type: 'text', status: null, received_at: expect.any(String), trace_id: null },
    });
    await expect(inbox.getStats()).resolves.toMatchObject({ total_messages: COUNT, senders_count: 2 });
    await expect(unwrap(inbox.api.GET('/health/ready'))).resolves.toMatchObject({ status: 'ready' });
    const { data, error } = await inbox.api.GET('/messages', { params: { query: { limit: 101 } } });
    expect([data, error?.status]).toEqual([undefined, 422]);
  });

  it('throws problems with all their members', async () => {
    const invalid = await problem(inbox.listMessages({ limit: 101, q: '' }));
    expect(invalid).toMatchObject({ status: 422, type: '/problems/validation-error', title: 'Unprocessable Content' });
    expect(invalid.errors.map(({ loc, msg }) => `${loc.join('.')} ${msg}`)).toEqual(
      expect.arrayContaining(['query.limit must be <= 100']),
    );
    expect(invalid.errors).toHaveLength(2);
    expect(invalid.message).toContain('query.limit must be <= 100');
    expect(invalid.message).toContain(`(request ${invalid.requestId ?? 'unknown'})`);

    const unknown = await problem(inbox.getMessage('unknown'));
    expect(unknown).toMatchObject({ status: 404, type: '/problems/not-found', detail: 'no message has this id' });
    expect(unknown.message).toMatch(/^404 Not Found: no message has this id \(request [\w-]+\)$/);
    expect((await problem(client({ readKey: 'a-key-that-is-wrong' }).getStats())).type).toBe('/problems/unauthorized');
    const forged = client({ webhookSecret: 'a secret that is wrong' });
    expect((await problem(forged.ingestMessage({ ...first(), message_id: 'forged' }))).type).toBe(
      '/problems/invalid-signature',
    );
    await expect(problem(inbox.getMessage('forged'))).resolves.toMatchObject({ status: 404 });
  });

  it('rejects a missing secret or address', async () => {
    await expect(createInboxClient({ baseUrl: service.url }).ingestMessage(first())).rejects.toThrow(
      'give the client a webhookSecret',
    );
    expect(() => createInboxClient({ baseUrl: '/inbox' })).toThrow('Invalid URL');
    expect(() => createInboxClient({ baseUrl: 'localhost:8000' })).toThrow('must begin with http');
  });

  it('retries until it has an answer, and the message is stored once', async () => {
    const retries: Retry[] = [];
    const message = { ...first(), message_id: 'sent through a bad network' };
    await withUnreliable(service.url, ['503', 'cut 503', 'cut', 'forward'], async (baseUrl) => {
      const through = client({ baseUrl, onRetry: (retry) => retries.push(retry) });
      // The third attempt was stored, and its answer was lost.
      await expect(through.ingestMessage(message)).resolves.toBe('duplicate');
      await expect(through.getMessage(message.message_id)).resolves.toMatchObject({ text: null });
    });
    const cutOff = { error: { message: 'terminated' } };
    expect(retries).toMatchObject([
      { attempt: 1, status: 503 },
      { attempt: 2, ...cutOff },
      { attempt: 3, ...cutOff },
    ]);
    expect(retries[0]?.delayMs).toBeGreaterThanOrEqual(1_000);
  });

  it('does not retry permanent errors', async () => {
    await withUnreliable(service.url, ['503'], async (baseUrl) => {
      await expect(problem(client({ baseUrl, retries: 2 }).getStats())).resolves.toMatchObject({
        ...{ status: 503, type: 'about:blank', title: 'Service Unavailable', detail: '', errors: [] },
        requestId: null,
      });
    });
  });

  it('does not accept a 200 without an outcome as stored', async () => {
    const json = { 'Content-Type': 'application/json' };
    const others = [
      { headers: json, body: '{"status":"ok"}' },
      { headers: { ...json, 'X-Message-Result': 'created' }, body: '{}' },
      { headers: { ...json, 'X-Message-Result': 'hello' }, body: '{"status":"ok"}' },
    ];
    for (const { headers, body } of others) {
      const answer: RequestListener = (_, outgoing) => {
        outgoing.writeHead(200, headers).end(body);
      };
      await withServer(answer, async (baseUrl) => {
        const { status, type } = await problem(client({ baseUrl }).ingestMessage(first()));
        expect([status, type]).toEqual([200, 'about:blank']);
      });
    }
  });

  it('throws a problem when a page of HTML is the answer instead of JSON, and requests it once', async () => {
    const login: RequestListener = (_, outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>Log in</h1>');
    };
    await withServer(login, async (baseUrl) => {
      const retries: Retry[] = [];
      const lost = client({ baseUrl, onRetry: (retry) => retries.push(retry) });
      const calls = [
        lost.getStats(),
        lost.ingestMessage(first()),
        lost.listMessages(),
        lost.getMessage('m1'),
        lost.listAllMessages().next(),
        lost.api.GET('/health/live'),
      ];
      for (const call of calls) {
        await expect(problem(call)).resolves.toMatchObject({ status: 200, type: 'about:blank', title: 'OK' });
      }
      expect(retries).toEqual([]);
      const { data } = await lost.api.GET('/metrics', { parseAs: 'text' });
      expect(data).toBe('<h1>Log in</h1>');
    });
  });

  it.each(['{"data":[]}', '{"next_cursor":null}', '{"data":[],"next_cursor":7}', '[]', '""'])(
    'does not accept %s as a page',
    async (body) => {
      let requests = 0;
      const answer: RequestListener = (_, outgoing) => {
        requests++;
        outgoing.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
      };
      await withServer(answer, async (baseUrl) => {
        await expect(problem(client({ baseUrl }).listAllMessages().next())).resolves.toMatchObject({ status: 200 });
      });
      expect(requests).toBe(1);
    },
  );

  it.each(['not JSON', 'null', '"text"', '{}'])(
    'throws a problem with everything known if its body is %s',
    async (body) => {
      const answer: RequestListener = (_, outgoing) => {
        outgoing.writeHead(404, { 'Content-Type': 'application/problem+json', 'X-Request-ID': 'r1' }).end(body);
      };
      await withServer(answer, async (baseUrl) => {
        await expect(problem(client({ baseUrl }).getStats())).resolves.toMatchObject({
          ...{ status: 404, type: 'about:blank', title: 'Not Found', detail: '', errors: [], requestId: 'r1' },
        });
      });
    },
  );

  it('yields no message after its signal, even within a page', async () => {
    const controller = new AbortController();
    const messages = inbox.listAllMessages({ limit: 10 }, { signal: controller.signal });
    await expect(messages.next()).resolves.toMatchObject({ value: STORED[0] });
    controller.abort(new Error('enough'));
    await expect(messages.next()).rejects.toThrow('enough');
  });

  it('ends when its signal aborts', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(inbox.listMessages({}, { signal })).rejects.toThrow('enough');
    await expect(inbox.ingestMessage(first(), { signal })).rejects.toThrow('enough');
    await expect(inbox.listAllMessages({}, { signal }).next()).rejects.toThrow('enough');
    await expect(inbox.getStats({ signal })).rejects.toThrow('enough');
  });

  it('verifies its own signatures', async () => {
    let seen = false;
    const watched = client({
      async fetch(asked) {
        const body = await asked.clone().text();
        seen = await verifyWebhook(body, asked.headers.get('X-Signature'), ['another', SECRET]);
        return fetch(asked);
      },
    });
    await watched.ingestMessage(first());
    expect(seen).toBe(true);
  });

  function first(): IngestRequest {
    if (SENT[0] === undefined) throw new Error('nothing was sent');
    return SENT[0];
  }

  async function problem(call: Promise<unknown>): Promise<ProblemError> {
    const error = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (!(error instanceof ProblemError)) throw new Error(`not a problem: ${String(error)}`);
    return error;
  }
});
