import type { Server } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { hmacSignature } from '../../../../src/adapters/signature/hmac.ts';
import { CheckReadiness } from '../../../../src/application/readiness/check-readiness.ts';
import { StoreUnavailable, type MessageRepository, type StoreHealth } from '../../../../src/application/ports/store.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { timestampFromMicros } from '../../../../src/domain/timestamp.ts';
import { manualClock, noBackground, recordingLogger, recordingMetrics } from '../../../support/fakes.ts';
import type { HttpClient } from '../../../support/http-client.ts';
import { serveHttp } from '../../../support/http-server.ts';
import { MESSAGE, SECRET } from '../../../support/service.ts';

const INSIDE = 'SELECT secret FROM /var/lib/inside';

/** How the store fails, in the test that sets it. */
let broken: Partial<MessageRepository> = {};
const sound = inMemoryMessageRepository();
const repository: MessageRepository = {
  add: (messages) => (broken.add ?? sound.add)(messages),
  find: (messageId, provider) => (broken.find ?? sound.find)(messageId, provider),
  findStatus: (key) => (broken.findStatus ?? sound.findStatus)(key),
  findReceipt: (key) => (broken.findReceipt ?? sound.findReceipt)(key),
  findPayload: (key) => (broken.findPayload ?? sound.findPayload)(key),
  list: (filter, start, limit) => (broken.list ?? sound.list)(filter, start, limit),
  stats: () => (broken.stats ?? sound.stats)(),
  readFeed: (...asked) => (broken.readFeed ?? sound.readFeed)(...asked),
  feedEnd: () => (broken.feedEnd ?? sound.feedEnd)(),
  timeseries: (...asked) => (broken.timeseries ?? sound.timeseries)(...asked),
  health: () => (broken.health ?? sound.health)(),
};
const clock = manualClock(timestampFromMicros(0n));
const verifiers = new Map([[WEBHOOK, hmacSignature({ current: SECRET, previous: undefined }, { clock })]]);
const [metrics, logger] = [recordingMetrics(), recordingLogger()];
const servers: Server[] = [];
let client: HttpClient;
/** How metrics are written, in the test that sets it. */
let expose = () => Promise.resolve({ contentType: 'text/plain', body: '' });

async function served(checkReadiness: CheckReadiness): Promise<HttpClient> {
  const exposition = () => expose();
  const parts = { repository, verifiers, metrics, exposition, logger, clock, checkReadiness };
  const { server, client } = await serveHttp(parts);
  servers.push(server);
  return client;
}

beforeAll(async () => {
  client = await served(new CheckReadiness({ background: noBackground, store: repository, verifiers }));
});

beforeEach(() => {
  broken = {};
  for (const record of [logger.lines, metrics.httpRequests, metrics.webhookRequests]) record.length = 0;
});

afterAll(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

const ASKS: [keyof MessageRepository, string, () => ReturnType<HttpClient['fetch']>][] = [
  ['add', '/webhook', () => client.webhook(MESSAGE)],
  ['list', '/messages', () => client.fetch('/messages')],
  ['find', '/messages/{message_id}', () => client.fetch('/messages/m1')],
  ['stats', '/stats', () => client.fetch('/stats')],
];

describe('an internal error', () => {
  it.each(ASKS)(
    '%s: is a 500 that tells nothing, one line in the log and one in the metrics',
    async (method, path, ask) => {
      const fault = new TypeError(INSIDE, { cause: new Error('deeper inside') });
      broken = { [method]: () => Promise.reject(fault) };
      const answer = await ask();
      expect(answer.status).toBe(500);
      expect(answer.json()).toEqual({
        type: '/problems/internal-error',
        title: 'Internal Server Error',
        status: 500,
        detail: 'the server failed to answer this request',
        instance: answer.headers.get('x-request-id'),
      });
      expect(JSON.stringify([...answer.headers])).not.toContain('inside');
      expect(logger.lines).toEqual([
        { level: 'error', message: 'request', fields: expect.objectContaining({ path, status: 500 }) },
      ]);
      expect(logger.lines[0]?.fields['error']).toMatchObject({
        name: 'TypeError',
        message: INSIDE,
        stack: expect.stringContaining('problems.test'),
        cause: { message: 'deeper inside' },
      });
      expect(metrics.httpRequests).toEqual([expect.objectContaining({ path, status: 500 })]);
      expect(metrics.webhookRequests).toEqual(method === 'add' ? ['internal_error'] : []);
    },
  );

  it.each([['a word'], [undefined], [null], [{ secret: 1 }]])('may be any thrown value: %j', async (thrown) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what others do
    broken = { stats: () => Promise.reject(thrown) };
    expect((await client.fetch('/stats')).status).toBe(500);
    expect(logger.lines).toHaveLength(1);
  });

  it('in the metrics does not break other answers', async () => {
    expose = () => Promise.reject(new Error(INSIDE));
    expect((await client.fetch('/metrics')).status).toBe(500);
    expect((await client.fetch('/health/live')).status).toBe(200);
    expect(logger.lines.map(({ level }) => level)).toEqual(['error', 'info']);
  });

  it('leaves the server able to answer, and the message can be sent again', async () => {
    const repository = inMemoryMessageRepository();
    let failures = 1;
    broken = {
      ...repository,
      add: (messages) => (failures-- > 0 ? Promise.reject(new Error(INSIDE)) : repository.add(messages)),
    };
    expect((await client.webhook(MESSAGE)).status).toBe(500);
    expect((await client.webhook(MESSAGE)).headers.get('x-message-result')).toBe('created');
  });
});

describe('an unavailable store', () => {
  it.each(ASKS)('%s: gets a 503 with Retry-After', async (method, path, ask) => {
    const away = new StoreUnavailable(INSIDE, { retryAfterSeconds: 7 });
    broken = { [method]: () => Promise.reject(away) };
    const answer = await ask();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '7']);
    expect(answer.json()).toMatchObject({ type: '/problems/unavailable' });
    expect(answer.body).not.toContain('inside');
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]).toMatchObject({
      level: 'error',
      fields: { path, status: 503, error: { message: INSIDE } },
    });
    expect(metrics.httpRequests).toEqual([expect.objectContaining({ path, status: 503 })]);
    expect(metrics.webhookRequests).toEqual(method === 'add' ? ['unavailable'] : []);
  });
});

describe('readiness', () => {
  it.each<[string, StoreHealth]>([
    ['database', { database: 'unreachable', schema: 'unknown' }],
    ['schema', { database: 'ok', schema: 'outdated' }],
    ['schema', { database: 'ok', schema: 'unknown' }],
  ])('names the %s when it is %j', async (_check, health) => {
    broken = { health: () => Promise.resolve(health) };
    const answer = await client.read('/health/ready');
    expect([answer.status, answer.json()]).toEqual([
      503,
      { status: 'not_ready', checks: { ...health, webhook_secret: 'ok' }, providers: ['webhook'] },
    ]);
    expect((await client.read('/health/live')).status).toBe(200);
  });

  it('says that the service is stopping', async () => {
    const checkReadiness = new CheckReadiness({ background: noBackground, store: repository, verifiers });
    const stopping = await served(checkReadiness);
    expect((await stopping.read('/health/ready')).status).toBe(200);
    checkReadiness.stop();
    const answer = await stopping.read('/health/ready');
    expect([answer.status, answer.json()]).toEqual([
      503,
      { status: 'stopping', checks: { database: 'ok', schema: 'ok', webhook_secret: 'ok' }, providers: ['webhook'] },
    ]);
  });
});
