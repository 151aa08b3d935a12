import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryingFetch, type Fetch, type Retry, type RetryOptions } from '../../../clients/typescript/src/index.ts';
import { withServer } from '../../support/local-server.ts';

const ADDRESS = 'http://inbox.test/webhook';
const unavailable = (headers: Record<string, string> = {}) => new Response('later', { status: 503, headers });
const halfAnAnswer = () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"stat'));
        controller.error(new TypeError('terminated'));
      },
    }),
  );

/** Gives these outcomes one after the other and then repeats the last one; waits take no time. */
function trial(outcomes: readonly (() => Response | Promise<Response>)[], options: RetryOptions = {}) {
  const requests: Request[] = [];
  const waits: number[] = [];
  const retries: Retry[] = [];
  const fetch: Fetch = async (request) => {
    requests.push(request);
    const outcome = outcomes[Math.min(requests.length, outcomes.length) - 1];
    if (outcome === undefined) throw new Error('there is no outcome');
    return outcome();
  };
  const send = retryingFetch(fetch, {
    sleep: (ms) => Promise.resolve(void waits.push(ms)),
    random: () => 0.5,
    onRetry: (retry) => retries.push(retry),
    ...options,
  });
  return { send, requests, waits, retries };
}

const ok = () => Response.json({ status: 'ok' });
const refused = () => {
  throw new TypeError('fetch failed');
};

describe('retryingFetch', () => {
  it('returns a good answer immediately', async () => {
    const { send, requests, waits } = trial([ok]);
    await expect((await send(new Request(ADDRESS))).json()).resolves.toEqual({ status: 'ok' });
    expect({ requests: requests.length, waits }).toEqual({ requests: 1, waits: [] });
  });

  it.each([408, 429, 500, 502, 503, 504])('retries after %d', async (status) => {
    const { send, requests } = trial([() => new Response('', { status }), ok]);
    expect((await send(new Request(ADDRESS))).status).toBe(200);
    expect(requests).toHaveLength(2);
  });

  it.each([304, 400, 401, 403, 404, 405, 413, 415, 422, 431, 501])('returns %d without a retry', async (status) => {
    const { send, requests } = trial([() => new Response(null, { status })]);
    expect((await send(new Request(ADDRESS))).status).toBe(status);
    expect(requests).toHaveLength(1);
  });

  it('retries after no answer, or half of one', async () => {
    const { send, retries } = trial([refused, halfAnAnswer, ok]);
    expect((await send(new Request(ADDRESS))).status).toBe(200);
    expect(retries).toMatchObject([
      { attempt: 1, error: { message: 'fetch failed' } },
      { attempt: 2, error: { message: 'terminated' } },
    ]);
  });

  it('sends the same bytes and headers each time', async () => {
    const { send, requests } = trial([unavailable, refused, ok]);
    await send(new Request(ADDRESS, { method: 'POST', body: 'ä{}', headers: { 'X-Signature': 'abc' } }));
    expect(requests).toHaveLength(3);
    for (const request of requests) {
      await expect(request.text()).resolves.toBe('ä{}');
      expect([request.method, request.headers.get('X-Signature')]).toEqual(['POST', 'abc']);
    }
  });

  it('returns the last answer, or throws the last error, when all attempts are used up', async () => {
    const answered = trial([refused, unavailable], { retries: 2 });
    const response = await answered.send(new Request(ADDRESS));
    expect([response.status, await response.text(), answered.requests.length]).toEqual([503, 'later', 3]);
    const unanswered = trial([unavailable, refused], { retries: 2 });
    await expect(unanswered.send(new Request(ADDRESS))).rejects.toThrow('fetch failed');
    expect(unanswered.requests).toHaveLength(3);
    const once = trial([refused], { retries: 0 });
    await expect(once.send(new Request(ADDRESS))).rejects.toThrow('fetch failed');
    expect(once.requests).toHaveLength(1);
  });

  it('waits a random time below a bound that doubles up to a limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.integer({ min: 0, max: 12 }),
        async (random, retries) => {
          const options = { retries, random: () => random, baseDelayMs: 100, maxDelayMs: 5_000 };
          const { send, waits } = trial([unavailable], options);
          await send(new Request(ADDRESS));
          expect(waits).toEqual(Array.from({ length: retries }, (_, i) => random * Math.min(5_000, 100 * 2 ** i)));
        },
      ),
    );
  });

  it.each([
    ['seconds', { 'Retry-After': '2' }, 2_000],
    ['no time at all', { 'Retry-After': '0' }, 0],
    [
      "a date, on the answer's own clock",
      { 'Retry-After': 'Wed, 15 Jan 2025 10:00:07 GMT', Date: 'Wed, 15 Jan 2025 10:00:00 GMT' },
      7_000,
    ],
    ['a date that is past', { 'Retry-After': 'Wed, 15 Jan 2025 10:00:00 GMT' }, 0],
    ['something else', { 'Retry-After': 'soon' }, 0],
    ['a number below zero', { 'Retry-After': '-5' }, 0],
    ['a broken date', { 'Retry-After': 'some day GMT' }, 0],
  ])('waits at least as long as Retry-After says: %s', async (_what, headers, asked) => {
    const { send, waits, retries } = trial([() => unavailable(headers), ok], { baseDelayMs: 100 });
    await send(new Request(ADDRESS));
    expect(waits).toEqual([asked + 50]);
    expect(retries).toEqual([{ attempt: 1, delayMs: asked + 50, status: 503 }]);
  });

  it('waits for the requested time, up to the longest that a timer can wait', async () => {
    const { send, waits } = trial([() => unavailable({ 'Retry-After': '3000000' }), ok], { maxRetryAfterMs: Infinity });
    await send(new Request(ADDRESS));
    expect(waits).toEqual([2 ** 31 - 1]);
  });

  it('allows an attempt any time if there is no timeout', async () => {
    const slow: Fetch = () => new Promise((resolve) => setTimeout(resolve, 20, ok()));
    expect((await retryingFetch(slow, { timeoutMs: Infinity, retries: 0 })(new Request(ADDRESS))).status).toBe(200);
  });

  it('returns an answer that requests a longer wait than its limit', async () => {
    const { send, requests } = trial([() => unavailable({ 'Retry-After': '61' })]);
    expect((await send(new Request(ADDRESS))).headers.get('Retry-After')).toBe('61');
    expect(requests).toHaveLength(1);
  });

  it.each(['in an attempt', 'before a wait', 'in a wait'])(
    "stops when the request's signal aborts %s",
    async (when) => {
      const controller = new AbortController();
      const stop = () => {
        controller.abort(new Error('stopped'));
      };
      let attempts = 0;
      let retries = 0;
      const fetch: Fetch = () => {
        attempts++;
        if (when === 'in an attempt') stop();
        return refused();
      };
      const onRetry = () => {
        retries++;
        if (when === 'before a wait') stop();
        else setImmediate(stop);
      };
      const send = retryingFetch(fetch, { onRetry, random: () => 0.9, baseDelayMs: 60_000, maxDelayMs: 60_000 });
      await expect(send(new Request(ADDRESS, { signal: controller.signal }))).rejects.toThrow('stopped');
      expect({ attempts, retries }).toEqual({ attempts: 1, retries: when === 'in an attempt' ? 0 : 1 });
    },
  );

  it('aborts an attempt that takes too long, and retries', async () => {
    let attempts = 0;
    const hangs: Fetch = (request) =>
      new Promise((resolve, reject) => {
        if (++attempts === 3) resolve(ok());
        request.signal.addEventListener('abort', () => {
          reject(request.signal.reason as Error);
        });
      });
    const send = retryingFetch(hangs, { timeoutMs: 5, sleep: () => Promise.resolve() });
    expect((await send(new Request(ADDRESS))).status).toBe(200);
    expect(attempts).toBe(3);
  });

  it('waits with the default timer, and leaves no listener on the signal', async () => {
    const request = new Request(ADDRESS, { signal: new AbortController().signal });
    let attempts = 0;
    const fetch: Fetch = () => Promise.resolve(++attempts < 3 ? unavailable() : ok());
    expect((await retryingFetch(fetch, { baseDelayMs: 2 })(request)).status).toBe(200);
    expect(getEventListeners(request.signal, 'abort')).toEqual([]);
  });

  it("leaves no listener on the caller's signal", async () => {
    const request = new Request(ADDRESS, { method: 'POST', body: '{}', signal: new AbortController().signal });
    const listeners: number[] = [];
    const onRetry = () => listeners.push(getEventListeners(request.signal, 'abort').length);
    await trial([unavailable, refused, unavailable], { retries: 12, onRetry }).send(request);
    expect(listeners).toEqual(new Array(12).fill(0));
  });

  it.each([
    ['the time is up', 'before the headers'],
    ['the time is up', 'in the body'],
    ['the caller has had enough', 'before the headers'],
    ['the caller has had enough', 'in the body'],
  ])(
    'stops when %s %s, and closes the connection, whatever the garbage collector has collected',
    async (why, where) => {
      const hungUp: Promise<unknown>[] = [];
      let collecting: NodeJS.Timeout | undefined;
      await withServer(
        (incoming, outgoing) => {
          collecting = setInterval(collectGarbage, 20); // from now on, otherwise a busy machine has no time left for the request
          // Not events.once: it would reject for a reset, which is one way to close a connection.
          hungUp.push(new Promise((resolve) => incoming.socket.once('close', resolve)));
          if (where === 'in the body') outgoing.writeHead(200, { 'Content-Length': '100' }).write('{');
        },
        async (url) => {
          try {
            const late = why === 'the time is up';
            const limitMs = 3_000; // long enough for the request to reach the server first, even on a busy machine
            const signal = late ? null : AbortSignal.timeout(limitMs);
            const send = retryingFetch((request) => fetch(request), { retries: 0, timeoutMs: late ? limitMs : 60_000 });
            await expect(send(new Request(url, { signal }))).rejects.toThrow(
              expect.objectContaining({
                name: 'TimeoutError',
                message: late ? 'no whole answer within 3000 ms' : 'The operation was aborted due to timeout',
              }),
            );
            expect(hungUp).toHaveLength(1);
            await Promise.all(hungUp);
          } finally {
            clearInterval(collecting);
          }
        },
      );
    },
  );
});

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
