import { once } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bodyBudget } from '../../../../src/adapters/http/body/budget.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { hmacSignature } from '../../../../src/adapters/signature/hmac.ts';
import { StoreUnavailable, type MessageRepository } from '../../../../src/application/ports/store.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { connectTo, until } from '../../../support/connection.ts';
import { manualClock, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import { MAX_BODY_BYTES, serveHttp } from '../../../support/http-server.ts';
import { sign } from '../../../support/http-client.ts';
import { MESSAGE, SECRET } from '../../../support/service.ts';

const MAX = 100;

describe('the budget', () => {
  const step = fc.record({
    share: fc.nat({ max: 4 }),
    act: fc.oneof(
      fc.record({ do: fc.constantFrom('take' as const, 'admits' as const), bytes: fc.nat({ max: MAX + 1 }) }),
      fc.record({ do: fc.constant('release' as const), bytes: fc.constant(0) }),
    ),
  });

  it('holds exactly the bytes that were reserved and not released, in any order', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const metrics = recordingMetrics();
        const budget = bodyBudget(MAX, metrics);
        const shares = Array.from({ length: 5 }, () => budget.open());
        const own = shares.map(() => 0);
        const held = (): number => own.reduce((sum, bytes) => sum + bytes, 0);
        let shed = 0;
        for (const { share, act } of steps) {
          const fits = held() + act.bytes <= MAX;
          if (act.do === 'release') {
            shares[share]?.release();
            own[share] = 0;
          } else {
            expect(shares[share]?.[act.do](act.bytes)).toBe(fits);
            if (fits && act.do === 'take') own[share] = (own[share] ?? 0) + act.bytes;
            if (!fits) shed++;
          }
          expect(metrics.bodyBytesHeld.at(-1) ?? 0).toBe(held());
        }
        expect(metrics.bodiesShed).toHaveLength(shed);
        expect(metrics.bodyBytesHeld.every((bytes) => bytes >= 0 && bytes <= MAX)).toBe(true);
        for (const share of shares) share.release();
        expect(metrics.bodyBytesHeld.at(-1) ?? 0).toBe(0);
      }),
    );
  });
});

describe('over HTTP', () => {
  let end = (): void => undefined;
  afterEach(() => {
    end();
  });

  /** The text of each message says how the store answers it. */
  function moodyRepository(): MessageRepository {
    const sound = inMemoryMessageRepository();
    return {
      ...sound,
      async add(updates) {
        const text = JSON.stringify(updates, (_key, value: unknown) => (typeof value === 'bigint' ? '' : value));
        if (text.includes('store fails')) throw new Error('a fault');
        if (text.includes('store is unavailable')) throw new StoreUnavailable('away');
        return sound.add(updates);
      },
    };
  }

  const padded = (text: string, bytes: number): string => {
    const body = JSON.stringify({ ...MESSAGE, text });
    return body.replace('}', `,"padding":"${'x'.repeat(Math.max(0, bytes - body.length - 13))}"}`);
  };
  const ENDS = {
    stored: padded('Hello', 600),
    'store fails': padded('store fails', 700),
    'store is unavailable': padded('store is unavailable', 800),
    'not JSON': 'x'.repeat(500),
    'not as the schema says': `{"padding":"${'x'.repeat(400)}"}`,
    'too large': 'x'.repeat(MAX_BODY_BYTES + 1),
    'wrong signature': 'y'.repeat(900),
    compressed: 'z'.repeat(300),
    cut: 'x'.repeat(MAX_BODY_BYTES),
    'broken chunk': 'x'.repeat(200),
  } as const;
  type End = keyof typeof ENDS;

  const chunks = (body: string, size: number): string[] =>
    Array.from({ length: Math.ceil(body.length / size) }, (_, i) => body.slice(i * size, (i + 1) * size));

  async function send(port: number, kind: End, size: number): Promise<void> {
    const body = ENDS[kind];
    const { socket, send: write, answers, closed } = await connectTo(port);
    const signature = sign(SECRET, kind === 'wrong signature' ? 'other' : body);
    const encoding = kind === 'compressed' ? 'Content-Encoding: gzip\r\n' : '';
    await write(
      `POST /webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nX-Signature: ${signature}\r\n${encoding}` +
        `Transfer-Encoding: chunked\r\n\r\n`,
    );
    const pieces = kind === 'cut' ? chunks(body, size).slice(0, -1) : chunks(body, size);
    for (const piece of pieces) await write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
    if (kind === 'cut') socket.resetAndDestroy();
    else {
      await write(kind === 'broken chunk' ? 'zz\r\n' : '0\r\n\r\n');
      await Promise.race([answers(1), closed]).catch(() => undefined); // a reset may arrive before the answer is read
      socket.destroy();
    }
  }

  it('is empty at the end however the requests end, and never exceeds its limit', async () => {
    const maxBufferedBytes = 1_500;
    const metrics = recordingMetrics();
    const clock = manualClock(timestampFromMicros(0n));
    const { server, port } = await serveHttp({
      repository: moodyRepository(),
      verifiers: new Map([[WEBHOOK, hmacSignature({ current: SECRET, previous: undefined }, { clock })]]),
      ...{ metrics, clock, logger: recordingLogger(), maxBufferedBytes },
    });
    end = () => {
      server.close();
      server.closeAllConnections();
    };
    const request = fc.tuple(fc.constantFrom(...(Object.keys(ENDS) as End[])), fc.integer({ min: 100, max: 1_100 }));
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
        const answered = metrics.httpRequests.length;
        await Promise.all(requests.map(([kind, size]) => send(port, kind, size)));
        await until(() => metrics.httpRequests.length === answered + requests.length);
        expect(metrics.bodyBytesHeld.at(-1) ?? 0).toBe(0);
      }),
      { numRuns: 60 },
    );
    expect(Math.min(...metrics.bodyBytesHeld)).toBe(0);
    expect(Math.max(...metrics.bodyBytesHeld)).toBeLessThanOrEqual(maxBufferedBytes);
    // Otherwise this proved nothing: every end has to occur, and the budget has to reject some.
    const statuses = new Set(metrics.httpRequests.map(({ status }) => status));
    expect([...statuses].sort()).toEqual([200, 400, 401, 413, 415, 422, 500, 503]);
    expect(metrics.bodiesShed.length).toBeGreaterThan(0);
    await once(server.close(), 'close');
  });
});
