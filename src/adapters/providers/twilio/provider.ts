import { signTwilio, twilioSignature } from '../../signature/twilio/twilio.ts';
import type { ProviderDescriptor } from '../descriptor.ts';
import type { Settings } from '../settings.ts';
import { twilioUpdate } from './updates.ts';

const SETTINGS = {
  otherTokens: {
    kind: 'secrets',
    name: 'TWILIO_OTHER_AUTH_TOKENS',
    help: 'Auth tokens of other Twilio accounts, such as sub-accounts, separated by commas.',
  },
  sharedKeys: {
    kind: 'keys',
    name: 'TWILIO_SHARED_KEYS',
    help: 'Shared keys of Webhook Rules as id:secret, separated by commas; several during a rotation.',
  },
} as const satisfies Settings;

/** The messaging webhooks of Twilio. */
export const twilio = {
  name: 'twilio',
  title: 'Twilio',
  path: '/webhooks/twilio',
  operationId: 'ingestTwilio',
  securityScheme: 'twilioSignature',
  mediaTypes: ['application/x-www-form-urlencoded', 'application/json'],
  signature: {
    headers: ['X-Twilio-Signature'],
    algorithm: 'HMAC-SHA1, with a shared key HMAC-SHA256',
    covers: 'address',
  },
  secret: { name: 'TWILIO_AUTH_TOKEN', help: 'Auth token of your Twilio account, for POST /webhooks/twilio.' },
  settings: SETTINGS,
  scheme: ({ secrets, options }, { clock, publicUrl }) => twilioSignature(secrets, { clock, publicUrl, ...options }),
  sign: (authToken, { body, url }) => ({ 'X-Twilio-Signature': signTwilio({ authToken, url, body }) }),
  sample: ({ id, from, to, text }) =>
    new URLSearchParams({
      MessageSid: id,
      From: `whatsapp:${from}`,
      To: `whatsapp:${to}`,
      Body: text,
      NumMedia: '0',
    }).toString(),
  updates: (parameters, delivery) => [twilioUpdate(parameters, delivery)],
  /** TwiML without instructions: Twilio sends nothing back to the sender (https://www.twilio.com/docs/messaging/twiml). */
  reply: { mediaType: 'text/xml', body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>' },
} as const satisfies ProviderDescriptor<object, typeof SETTINGS>;
