import { expect } from '@jest/globals';
import { rawReply } from '../../src/adapters/http/operations/messages/raw.ts';
import { openEventStream } from '../support/event-stream.ts';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import {
  get,
  ID,
  notification,
  refused,
  rejection,
  services,
  standard,
  subscription,
  text,
  twilioForm,
  twilioJson,
  value,
  VERIFY_TOKEN,
  whatsApp,
} from './example-services.ts';

/** The requests for each example of the contract, by its name. */

type Scenario = (example: unknown) => Promise<unknown>;

const answers =
  (status: number, ask: () => Promise<CheckedAnswer>): Scenario =>
  async (example) => {
    const answer = await ask();
    const isJson = (answer.headers.get('content-type') ?? '').includes('json');
    expect({ status: answer.status, body: isJson ? answer.json() : answer.body }).toEqual({ status, body: example });
  };

const begins =
  (ask: () => Promise<CheckedAnswer>): Scenario =>
  async (example) => {
    const { body } = await ask();
    expect(body.slice(0, String(example).length)).toBe(example);
  };

const has =
  (name: string, ask: () => Promise<CheckedAnswer>): Scenario =>
  async (example) => {
    expect((await ask()).headers.get(name)).toBe(String(example));
  };

/** The lines of the example, in their order, among those of the answer. */
const excerpt =
  (accept: string): Scenario =>
  async (example) => {
    const { body } = await get('/metrics', { accept });
    const wanted = String(example).split('\n').filter(Boolean);
    expect(body.split('\n').filter((line) => wanted.includes(line))).toEqual(wanted);
  };

const STANDARD_MESSAGE = value('ingestStandardWebhook request text');

/** A filter: its result among the three messages. */
const finds =
  (name: string, expected: readonly string[], path = '/messages'): Scenario =>
  async (example) => {
    const answer = await get(`${path}?${new URLSearchParams({ [name]: String(example) }).toString()}`);
    const { data } = answer.json() as { data: { message_id: string }[] };
    expect([answer.status, data.map(({ message_id: id }) => id)]).toEqual([200, expected]);
  };

const ok = async (ask: Promise<CheckedAnswer>): Promise<void> => {
  expect((await ask).status).toBe(200);
};

/** Except for the instant at which the service received it. */
const detail =
  (ask: () => Promise<CheckedAnswer>): Scenario =>
  async (example) => {
    const answer = await ask();
    const { received_at: receivedAt } = answer.json() as { received_at: unknown };
    expect([answer.status, typeof receivedAt]).toEqual([200, 'string']);
    expect({ ...(answer.json() as object), received_at: null }).toEqual({ ...(example as object), received_at: null });
  };

const ALL = ['m1', 'm2', 'm3'];
const message = (): Promise<CheckedAnswer> => get('/messages/m1');

const follow = (query: string, headers = {}) =>
  openEventStream(services.providers.url, `/messages/stream${query}`, { ...ID, ...headers });
const withoutIds = (stream: string): string => stream.replaceAll(/^id: \S+$/gm, 'id:');

/** Sends the message of the contract with another id while a client follows. Returns everything that the client received. */
async function follows(query: string, id: string): Promise<string> {
  const stream = await follow(query);
  await stream.until('\nid: '); // from here on
  const sent = { ...(value('ingestMessage request text') as object), message_id: id };
  await ok(services.providers.webhook(sent, ID));
  const { event, data } = await stream.next();
  expect([event, JSON.parse(data)]).toEqual(['message', { ...sent, provider: 'webhook', type: 'text' }]);
  await stream.close();
  return stream.text();
}

/** With all its parameters. */
const timeseries: Scenario = async () => {
  const names = ['bucket', 'since', 'until', 'from'];
  const query = new URLSearchParams(Object.fromEntries(names.map((name) => [name, text(`getTimeseries ?${name}`)])));
  await answers(200, () => get(`/stats/timeseries?${query.toString()}`))(value('getTimeseries 200 minutes'));
};

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'ingestMessage request text': (example) => ok(services.messages.webhook(example, ID)),
  'ingestMessage request withoutText': (example) => ok(services.messages.webhook(example, ID)),
  'components Ingested stored': answers(200, () => services.messages.webhook(value('ingestMessage request text'), ID)),
  'components Ingested header X-Message-Result': async (example) => {
    const fresh = { ...(value('ingestMessage request text') as object), message_id: 'fresh' };
    await has('x-message-result', () => services.locked.webhook(fresh, ID))(example);
  },
  'ingestStandardWebhook request text': (example) => ok(standard(example)),
  'ingestStandardWebhook header webhook-id': (example) => ok(standard(STANDARD_MESSAGE, { id: String(example) })),
  // Long ago by now: the signature is correct, and the delivery is rejected.
  'ingestStandardWebhook header webhook-timestamp': async (example) => {
    expect(await standard(STANDARD_MESSAGE, { at: Number(example) })).toMatchObject({ status: 401 });
  },
  'verifyWhatsAppSubscription ?hub.mode': () => ok(subscription(VERIFY_TOKEN)),
  'verifyWhatsAppSubscription ?hub.challenge': answers(200, () => subscription(VERIFY_TOKEN)),
  'verifyWhatsAppSubscription ?hub.verify_token': (example) => ok(subscription(String(example))),
  'verifyWhatsAppSubscription 200 challenge': answers(200, () => subscription(VERIFY_TOKEN)),
  'components Forbidden forbidden': answers(403, () => subscription('another')),
  'ingestWhatsApp request text': (example) => ok(whatsApp(example)),
  'ingestWhatsApp 200 stored': async (example) => {
    const first = { from: '16505551234', id: 'wamid.1', timestamp: '1749416383', type: 'text', text: { body: 'One' } };
    await whatsApp(notification({ messages: [first] }));
    const both = notification({ messages: [first, { ...first, id: 'wamid.2' }] });
    await answers(200, () => whatsApp(both))(example);
  },
  'ingestTwilio request application/x-www-form-urlencoded message': () => ok(twilioForm()),
  'ingestTwilio request application/json message': () => ok(twilioJson()),
  'ingestTwilio ?bodySHA256': () => ok(twilioJson()),
  'ingestTwilio 200 empty': answers(200, twilioForm),
  'listMessages ?limit': finds('limit', ALL),
  'listMessages ?offset': finds('offset', ALL),
  'listMessages ?order': finds('order', ALL.toReversed()),
  'listMessages ?cursor': finds('cursor', ['m2', 'm3']),
  'listMessages ?from': finds('from', ['m1', 'm2']),
  'listMessages ?since': finds('since', ALL),
  'listMessages ?until': finds('until', ALL),
  'listMessages ?q': finds('q', ['m1']),
  'listMessages 200 page': answers(200, () => get('/messages?limit=2')),
  'streamMessages header Last-Event-ID': async (example) => {
    const stream = await follow('', { 'last-event-id': String(example) });
    expect(await stream.next()).toMatchObject({ event: 'reset', data: '{}' });
    await stream.close();
  },
  'streamMessages ?from': (example) =>
    follows(`?${new URLSearchParams({ from: String(example) }).toString()}`, 'followed by from'),
  'streamMessages ?q': (example) =>
    follows(`?${new URLSearchParams({ q: String(example) }).toString()}`, 'followed by q'),
  'streamMessages 200 header Cache-Control': has('cache-control', () => get('/messages/stream')),
  'streamMessages 200 header X-Accel-Buffering': has('x-accel-buffering', () => get('/messages/stream')),
  'streamMessages 200 message': async (example) => {
    expect(withoutIds(await follows('', 'm1'))).toBe(withoutIds(String(example)));
  },
  'getMessage 200 message': detail(message),
  'getMessage 200 read': async (example) => {
    const { message_id: id } = example as { message_id: string };
    await whatsApp(value('ingestWhatsApp request text'));
    await whatsApp(notification({ statuses: [{ id, status: 'read', timestamp: '1749416400' }] }));
    await detail(() => services.providers.read(`/messages/${id}`, ID))(example);
  },
  'getMessagePayload 200 application/json message': answers(200, () => get('/messages/m1/raw')),
  'getMessagePayload 200 application/x-www-form-urlencoded message': async (example) => {
    await twilioForm();
    const { MessageSid: id = '' } = value('ingestTwilio request application/x-www-form-urlencoded message') as Record<
      string,
      string
    >;
    await answers(200, () => services.providers.read(`/messages/${id}/raw`, ID))(example);
  },
  'getMessagePayload 200 header Content-Disposition': has('content-disposition', () => get('/messages/m1/raw')),
  'getMessagePayload 200 application/octet-stream page': (example) => {
    const body = Buffer.from(String(example));
    const raw = rawReply({ mediaType: 'text/html', body });
    expect(raw).toMatchObject({ status: 200, type: 'application/octet-stream', body });
    return Promise.resolve();
  },
  'components /message_id': (example) => ok(get(`/messages/${String(example)}`)),
  'components ?provider': (example) => ok(get(`/messages/m1?provider=${String(example)}`)),
  'components MessageNotFound notFound': answers(404, () => get('/messages/unknown')),
  'getStats header If-None-Match': async (example) => {
    expect((await get('/stats', { 'if-none-match': String(example) })).status).toBe(304);
  },
  'components header ETag': has('etag', () => get('/stats')),
  'getStats 200 filled': answers(200, () => get('/stats')),
  'getStats 200 empty': answers(200, () => services.empty.read('/stats', ID)),
  'getTimeseries ?bucket': timeseries,
  'getTimeseries ?since': timeseries,
  'getTimeseries ?until': timeseries,
  'getTimeseries ?from': timeseries,
  'getTimeseries 200 minutes': timeseries,
  'listRejections ?limit': finds('limit', [], '/rejections'),
  'listRejections ?offset': finds('offset', [], '/rejections'),
  'listRejections ?cursor': finds('cursor', [], '/rejections'),
  'listRejections ?provider': finds('provider', [], '/rejections'),
  'listRejections ?reason': finds('reason', [], '/rejections'),
  'listRejections 200 page': async (example) => {
    const { data, ...rest } = await rejection();
    const [shown] = (example as { data: { ts: string }[] }).data;
    expect({ ...rest, data: data.map((one) => ({ ...one, ts: shown?.ts })) }).toEqual(example);
  },
  'getLiveness 200 alive': answers(200, () => get('/health/live')),
  'getReadiness 200 ready': answers(200, () => get('/health/ready')),
  'getReadiness 503 noSecret': answers(503, () => services.empty.read('/health/ready', ID)),
  'getMetrics 200 text/plain excerpt': excerpt('text/plain'),
  'getMetrics 200 application/openmetrics-text excerpt': excerpt('application/openmetrics-text'),
  'getDashboard 200 dashboard': begins(() => get('/')),
  'getDashboard 200 header Cache-Control': has('cache-control', () => get('/')),
  'getOpenapiJson 200 document': async (example) => {
    expect((await get('/openapi.json')).json()).toMatchObject(example as object);
  },
  'getOpenapiYaml 200 document': begins(() => get('/openapi.yaml')),
  'getAsset /file': (example) => ok(get(`/assets/${String(example)}`)),
  'getAsset 200 header Cache-Control': has('cache-control', () => get(`/assets/${text('getAsset /file')}`)),
  'getAsset 200 text/javascript script': answers(200, () => get('/assets/redoc.js')),
  'getAsset 200 text/css style': begins(() => get('/assets/swagger-ui.css')),
  'getAsset 404 notFound': answers(404, () => get('/assets/unknown.js')),
  'components Page page': begins(() => get('/docs')),
  'components InvalidSignature invalidSignature': answers(401, () =>
    services.messages.webhook(value('ingestMessage request text'), { ...ID, 'x-signature': sign('other', '') }),
  ),
  'components BadRequest noHost': answers(400, () =>
    services.messages.raw(`GET /stats HTTP/1.1\r\nX-Request-ID: ${ID['x-request-id']}\r\nConnection: close\r\n\r\n`),
  ),
  'components KeyRequired keyRequired': answers(401, () => services.locked.read('/stats', ID)),
  'components header NoStore': has('cache-control', () => get('/stats')),
  'components header Revalidate': has('cache-control', () => get('/docs')),
  'components header SignatureChallenge': has('www-authenticate', () =>
    services.messages.webhook({}, { 'x-signature': 'no' }),
  ),
  'components header WWWAuthenticate': has('www-authenticate', () => services.locked.read('/stats', ID)),
  'components ContentTooLarge tooLarge': answers(413, () => services.messages.webhook('a'.repeat(3_145_729), ID)),
  'components UnsupportedMediaType notJson': answers(415, () =>
    services.messages.webhook('{}', { ...ID, 'content-type': 'text/plain' }),
  ),
  'components ValidationError limit': answers(422, () => get('/messages?limit=101')),
  'components TooManyRequests tooMany': async (example) => {
    await services.limited.fetch('/stats', { headers: ID });
    await answers(429, () => services.limited.read('/stats', ID))(example);
  },
  'components InternalError internal': answers(500, () => services.broken.read('/messages/m1', ID)),
  'components Unavailable unavailable': answers(503, refused),
  'components header RetryAfter': has('retry-after', refused),
  'components header X-Request-ID': has('x-request-id', message),
  'components header XRequestID': has('x-request-id', message),
};
