import { descriptorOf, PROVIDER_NAMES, type ProviderName } from '../../src/adapters/providers/registry.ts';
import { signStandardWebhook } from '../../src/adapters/signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio } from '../../src/adapters/signature/twilio/twilio.ts';
import { contractExamples } from '../support/contract-examples.ts';
import { sign, type CheckedAnswer } from '../support/http-client.ts';
import { secretOf } from '../support/provider-secrets.ts';
import { SECRET, startService, type RunningService } from '../support/service.ts';
import { on } from '../support/stores.ts';

/** The services that answer the examples of the contract, each in its own state, and the ways to call them. */

const PROVIDER_SECRETS = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [descriptorOf(name).secret.name, secretOf(name).current]),
);
const READ_KEY = 'a-key-for-reading-messages';

export const VALUES = new Map(contractExamples().map(({ name, value }) => [name, value]));
export const value = (name: string): unknown => VALUES.get(name);
export const text = (name: string): string => String(value(name));

const REQUEST_ID = text('components header X-Request-ID');
export const VERIFY_TOKEN = text('verifyWhatsAppSubscription ?hub.verify_token');
export const ID = { 'x-request-id': REQUEST_ID };
const JSON_TYPE = { 'content-type': 'application/json' };

/** The services for the scenarios, named by their special configuration. */
export let services: Record<
  'messages' | 'providers' | 'empty' | 'locked' | 'refusing' | 'broken' | 'limited',
  RunningService
>;

export async function startServices(): Promise<void> {
  const [messages, providers, empty, locked, refusing, broken, limited] = await Promise.all([
    startService(),
    startService({ ...PROVIDER_SECRETS, WHATSAPP_VERIFY_TOKEN: VERIFY_TOKEN }),
    startService({ WEBHOOK_SECRET: '' }),
    startService({ READ_API_KEYS: READ_KEY }),
    startService({ MAX_QUEUED_MESSAGES: '1', MAX_BATCH_MESSAGES: '1' }),
    startService(),
    startService({ RATE_LIMIT_READS_PER_MINUTE: '1' }),
  ]);
  services = { messages, providers, empty, locked, refusing, broken, limited };
  await messages.webhook(value('ingestMessage request text'));
  await messages.webhook(value('ingestMessage request withoutText'));
  await messages.webhook({ message_id: 'm3', from: '+911234567890', to: '+14155550100', ts: '2025-01-15T10:05:00Z' });
  await on(broken.databaseUrl, ({ db }) => db.schema.dropTable('messages'));
}

export async function stopServices(): Promise<void> {
  for (const service of Object.values(services)) await service.stop();
}

export const get = (path: string, headers: Record<string, string> = {}): Promise<CheckedAnswer> =>
  services.messages.read(path, { ...ID, ...headers });

function post(path: string, headers: Record<string, string>, body: string): Promise<CheckedAnswer> {
  return services.providers.fetch(path, { method: 'POST', headers: { ...ID, ...headers }, body });
}

/** The example as its provider sends it, with the current time. */
export function deliver(name: ProviderName, example: unknown, headers = {}): Promise<CheckedAnswer> {
  const { path, sign: signed } = descriptorOf(name);
  const body = JSON.stringify(example);
  const request = { body: Buffer.from(body), url: `${services.providers.url}${path}`, id: 'msg_1' };
  const timestampSeconds = Math.floor(Date.now() / 1_000);
  const signature = signed(secretOf(name).current, { ...request, timestampSeconds });
  return post(path, { ...JSON_TYPE, ...signature, ...headers }, body);
}

export function standard(
  message: unknown,
  { id = 'msg_1', at = Math.floor(Date.now() / 1_000) } = {},
): Promise<CheckedAnswer> {
  const body = JSON.stringify(message);
  const signature = signStandardWebhook({ secret: secretOf('standard').current, id, timestampSeconds: at, body });
  const headers = { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': signature };
  return post('/webhooks/standard', { ...JSON_TYPE, ...headers }, body);
}

/** In the trace of the contract's example of a message. */
export function whatsApp(notification: unknown): Promise<CheckedAnswer> {
  const { trace_id: trace } = value('getMessage 200 read') as { trace_id: string };
  const traceparent = `00-${trace}-00f067aa0ba902b7-01`;
  return deliver('whatsapp', notification, { traceparent });
}

function twilio(target: string, headers: Record<string, string>, body: string): Promise<CheckedAnswer> {
  const url = `${services.providers.url}${target}`;
  return post(
    target,
    { ...headers, 'x-twilio-signature': signTwilio({ authToken: secretOf('twilio').current, url, body }) },
    body,
  );
}

export const twilioForm = (): Promise<CheckedAnswer> =>
  twilio(
    '/webhooks/twilio',
    { 'content-type': 'application/x-www-form-urlencoded' },
    new URLSearchParams(
      value('ingestTwilio request application/x-www-form-urlencoded message') as Record<string, string>,
    ).toString(),
  );

export const twilioJson = (): Promise<CheckedAnswer> =>
  twilio(
    `/webhooks/twilio?bodySHA256=${text('ingestTwilio ?bodySHA256')}`,
    JSON_TYPE,
    JSON.stringify(value('ingestTwilio request application/json message')),
  );

export const subscription = (token: string): Promise<CheckedAnswer> => {
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

/** The notification of the contract with other updates. */
export function notification(updates: { messages?: unknown[]; statuses?: unknown[] }): Notification {
  const copy = structuredClone(value('ingestWhatsApp request text')) as Notification;
  const change = copy.entry[0]?.changes[0];
  if (change === undefined) throw new Error('the example has no change');
  delete change.value.messages;
  Object.assign(change.value, updates);
  return copy;
}

export async function refused(): Promise<CheckedAnswer> {
  for (;;) {
    const message = value('ingestMessage request text') as object;
    const asked = Array.from({ length: 50 }, (_, i) =>
      services.refusing.webhook({ ...message, message_id: `m${String(i)}` }, ID),
    );
    const found = (await Promise.all(asked)).find(({ status }) => status !== 200);
    if (found !== undefined) return found;
  }
}

/** A request with a wrong signature and only these headers, and its rejection. */
export async function rejection(): Promise<{ total: number; data: { ts: string }[] }> {
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
