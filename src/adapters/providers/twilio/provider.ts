import { signTwilio, twilioSignature } from '../../signature/twilio/twilio.ts';
import type { ProviderDescriptor } from '../descriptor.ts';
import { twilioUpdate } from './updates.ts';

/** The messaging webhooks of Twilio. */
export const twilio = {
  name: 'twilio',
  title: 'Twilio',
  path: '/webhooks/twilio',
  operationId: 'ingestTwilio',
  securityScheme: 'twilioSignature',
  mediaTypes: ['application/x-www-form-urlencoded', 'application/json'],
  signature: { headers: ['X-Twilio-Signature'], algorithm: 'HMAC-SHA1', covers: 'address' },
  secret: { name: 'TWILIO_AUTH_TOKEN', help: 'Auth token of your Twilio account, for POST /webhooks/twilio.' },
  settings: {},
  scheme: ({ secrets }, { clock, publicUrl }) => twilioSignature(secrets, { clock, publicUrl }),
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
} as const satisfies ProviderDescriptor;
