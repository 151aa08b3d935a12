import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks.ts';
import { signTwilio } from '../../src/adapters/signature/twilio-signature.ts';
import { contractExamples } from '../support/contract-examples.ts';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import { SECRET, startService, type RunningService } from '../support/service.ts';
import { on } from '../support/stores.ts';

/** Every example of the contract is sent to the service, or is what the service answers. One without a scenario fails. */

const STANDARD_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const APP_SECRET = 'the-app-secret-of-the-meta-app';
const TWILIO_TOKEN = 'the-auth-token-of-the-account';
const READ_KEY = 'a-key-for-reading-messages';

const VALUES = new Map(contractExamples().map(({ name, value }) => [name, value]));
const value = (name: string): unknown => VALUES.get(name);
const text = (name: string): string => String(value(name));

const REQUEST_ID = text('components header X-Request-ID');
const VERIFY_TOKEN = text('verifyWhatsAppSubscription ?hub.verify_token');
const ID = { 'x-request-id': REQUEST_ID };
const JSON_TYPE = { 'content-type': 'application/json' };

/** The services that the scenarios ask, by what is theirs alone. */
let services: Record<'messages' | 'providers' | 'empty' | 'locked' | 'refusing' | 'broken', RunningService>;

beforeAll(async () => {
  const [messages, providers, empty, locked, refusing, broken] = await Promise.all([
    startService(),
    startService({
      WHATSAPP_APP_SECRET: APP_SECRET,
      WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN,
      STANDARD_WEBHOOK_SECRET: STANDARD_SECRET,
      TWILIO_AUTH_TOKEN: TWILIO_TOKEN,
    }),
    startService({ WEBHOOK_SECRET: '' }),
    startService({ READ_API_KEYS: READ_KEY }),
    startService({ MAX_QUEUED_MESSAGES: '1', MAX_BATCH_MESSAGES: '1' }),
    startService(),
  ]);
  services = { messages, providers, empty, locked, refusing, broken };
  await messages.webhook(value('ingestMessage request text'));
  await messages.webhook(value('ingestMessage request withoutText'));
  await messages.webhook({ message_id: 'm3', from: '+911234567890', to: '+14155550100', ts: '2025-01-15T10:05:00Z' });
  await on(broken.databaseUrl, ({ db }) => db.schema.dropTable('messages'));
});

afterAll(async () => {
  for (const service of Object.values(services)) await service.stop();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<CheckedAnswer> =>
  services.messages.read(path, { ...ID, ...headers });

function post(path: string, headers: Record<string, string>, body: string): Promise<CheckedAnswer> {
  return services.providers.fetch(path, { method: 'POST', headers: { ...ID, ...headers }, body });
}

function whatsApp(notification: unknown): Promise<CheckedAnswer> {
  const body = JSON.stringify(notification);
  return post('/webhooks/whatsapp', { ...JSON_TYPE, 'x-hub-signature-256': `sha256=${sign(APP_SECRET, body)}` }, body);
}

function twilio(target: string, headers: Record<string, string>, body: string): Promise<CheckedAnswer> {
  const url = `${services.providers.url}${target}`;
  return post(target, { ...headers, 'x-twilio-signature': signTwilio({ authToken: TWILIO_TOKEN, url, body }) }, body);
}

const twilioForm = (): Promise<CheckedAnswer> =>
  twilio(
    '/webhooks/twilio',
    { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams(
      value('ingestTwilio request application/x-www-form-urlencoded message') as Record<string, string>,
    ).toString(),
  );

const twilioJson = (): Promise<CheckedAnswer> =>
  twilio(
    `/webhooks/twilio?bodySHA256=${text('ingestTwilio ?bodySHA256')}`,
    JSON_TYPE,
    JSON.stringify(value('ingestTwilio request application/json message')),
  );

const subscription = (token: string): Promise<CheckedAnswer> => {
  const query = new URLSearchParams({
    'hub.mode': text('verifyWhatsAppSubscription ?hub.mode'),
    'hub.challenge': text('verifyWhatsAppSubscription ?hub.challenge'),
    'hub.verify_token': token,
  });
  return services.providers.read(`/webhooks/whatsapp?${query.toString()}`, ID);
};

interface Notification {
  entry: { changes: { value: { messages?: unknown[]; statuses?: unknown[] } }[] }[];
}

/** The notification of the contract, with other updates in it. */
function notification(updates: { messages?: unknown[]; statuses?: unknown[] }): Notification {
  const copy = structuredClone(value('ingestWhatsApp request text')) as Notification;
  const change = copy.entry[0]?.changes[0];
  if (change === undefined) throw new Error('the example has no change');
  delete change.value.messages;
  Object.assign(change.value, updates);
  return copy;
}

async function refused(): Promise<CheckedAnswer> {
  for (;;) {
    const message = value('ingestMessage request text') as object;
    const asked = Array.from({ length: 50 }, (_, i) =>
      services.refusing.webhook({ ...message, message_id: `m${String(i)}` }, ID),
    );
    const found = (await Promise.all(asked)).find(({ status }) => status !== 200);
    if (found !== undefined) return found;
  }
}

/** A wrong signature on the wire with no header but these, and what is kept of it. */
async function rejection(): Promise<{ total: number; data: { ts: string }[] }> {
  const service = await startService();
  try {
    const body = JSON.stringify(value('ingestMessage request text'));
    const head = `POST /webhook HTTP/1.1\r\nHost: x\r\nX-Request-ID: ${REQUEST_ID}\r\nContent-Type: application/json\r\n`;
    const base64 = Buffer.from(sign(SECRET, body), 'hex').toString('base64');
    const length = String(Buffer.byteLength(body));
    await service.raw(`${head}X-Signature: ${base64}\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`);
    for (;;) {
      const list = (await service.read('/rejections')).json() as Awaited<ReturnType<typeof rejection>>;
      if (list.total > 0) return list;
    }
  } finally {
    await service.stop();
  }
}

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

/** A filter: what it finds among the three messages. */
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

const ALL = ['m1', 'm2', 'm3'];
const message = (): Promise<CheckedAnswer> => get('/messages/m1');

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'ingestMessage request text': (example) => ok(services.messages.webhook(example, ID)),
  'ingestMessage request withoutText': (example) => ok(services.messages.webhook(example, ID)),
  'components Ingested stored': answers(200, () => services.messages.webhook(value('ingestMessage request text'), ID)),
  'components Ingested header X-Message-Result': async (example) => {
    const fresh = { ...(value('ingestMessage request text') as object), message_id: 'fresh' };
    await has('x-message-result', () => services.locked.webhook(fresh, ID))(example);
  },
  'ingestStandardWebhook request text': (example) => {
    const [id, timestampSeconds, body] = ['msg_1', Math.floor(Date.now() / 1_000), JSON.stringify(example)] as const;
    const signature = signStandardWebhook({ secret: STANDARD_SECRET, id, timestampSeconds, body });
    const headers = { 'webhook-id': id, 'webhook-timestamp': String(timestampSeconds), 'webhook-signature': signature };
    return ok(post('/webhooks/standard', { ...JSON_TYPE, ...headers }, body));
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
  'listMessages ?cursor': finds('cursor', ['m2', 'm3']),
  'listMessages ?from': finds('from', ['m1', 'm2']),
  'listMessages ?since': finds('since', ALL),
  'listMessages ?until': finds('until', ALL),
  'listMessages ?q': finds('q', ['m1']),
  'listMessages 200 page': answers(200, () => get('/messages?limit=2')),
  'getMessage 200 message': answers(200, message),
  'getMessage 200 read': async (example) => {
    const { message_id: id } = example as { message_id: string };
    await whatsApp(value('ingestWhatsApp request text'));
    await whatsApp(notification({ statuses: [{ id, status: 'read', timestamp: '1749416400' }] }));
    await answers(200, () => services.providers.read(`/messages/${id}`, ID))(example);
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
  'components /message_id': (example) => ok(get(`/messages/${String(example)}`)),
  'components ?provider': (example) => ok(get(`/messages/m1?provider=${String(example)}`)),
  'components MessageNotFound notFound': answers(404, () => get('/messages/unknown')),
  'getStats header If-None-Match': async (example) => {
    expect((await get('/stats', { 'if-none-match': String(example) })).status).toBe(304);
  },
  'components header ETag': has('etag', () => get('/stats')),
  'getStats 200 filled': answers(200, () => get('/stats')),
  'getStats 200 empty': answers(200, () => services.empty.read('/stats', ID)),
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
    services.messages.raw(`GET /stats HTTP/1.1\r\nX-Request-ID: ${REQUEST_ID}\r\nConnection: close\r\n\r\n`),
  ),
  'components KeyRequired keyRequired': answers(401, () => services.locked.read('/stats', ID)),
  'components header WWWAuthenticate': has('www-authenticate', () => services.locked.read('/stats', ID)),
  'components ContentTooLarge tooLarge': answers(413, () => services.messages.webhook('a'.repeat(3_145_729), ID)),
  'components UnsupportedMediaType notJson': answers(415, () =>
    services.messages.webhook('{}', { ...ID, 'content-type': 'text/plain' }),
  ),
  'components ValidationError limit': answers(422, () => get('/messages?limit=101')),
  'components InternalError internal': answers(500, () => services.broken.read('/messages/m1', ID)),
  'components Unavailable unavailable': answers(503, refused),
  'components header RetryAfter': has('retry-after', refused),
  'components header X-Request-ID': has('x-request-id', message),
  'components header XRequestID': has('x-request-id', message),
};

describe('an example of the contract', () => {
  it.each(contractExamples())('$name', async ({ name, value: example }) => {
    const scenario = SCENARIOS[name];
    if (scenario === undefined) throw new Error(`nothing sends this example, or compares an answer with it: ${name}`);
    expect(example).toBeDefined();
    await scenario(example);
  });

  it('is what each scenario is for', () => {
    expect(Object.keys(SCENARIOS).filter((name) => !VALUES.has(name))).toEqual([]);
  });
});
