import { isStandardWebhooksSecret } from '../../adapters/signature/standard-webhooks/secret.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import { integer, optional, optionalInstant, optionalUrl } from './values.ts';
import type { Variable } from './variable.ts';

/** What providers and the service share, in the order in which it is listed for people. */
export const PROVIDER_VARIABLES = {
  webhookSecret: {
    name: 'WEBHOOK_SECRET',
    fallback: '',
    help: 'Secret that POST /webhook is signed with. A provider without a secret is off: its webhooks are answered with 503.',
    parse: optional,
  },
  webhookSecretPrevious: previous('WEBHOOK_SECRET', optional),
  webhookSecretPreviousExpiresAt: expiry('WEBHOOK_SECRET'),
  whatsAppAppSecret: {
    name: 'WHATSAPP_APP_SECRET',
    fallback: '',
    help: 'App secret of your Meta app, for POST /webhooks/whatsapp.',
    parse: optional,
  },
  whatsAppAppSecretPrevious: previous('WHATSAPP_APP_SECRET', optional),
  whatsAppAppSecretPreviousExpiresAt: expiry('WHATSAPP_APP_SECRET'),
  whatsAppVerifyToken: {
    name: 'WHATSAPP_VERIFY_TOKEN',
    fallback: '',
    help: 'The verify token that you enter at Meta, for GET /webhooks/whatsapp.',
    parse: optional,
  },
  standardWebhookSecret: {
    name: 'STANDARD_WEBHOOK_SECRET',
    fallback: '',
    help: 'Secret for POST /webhooks/standard: whsec_ and base64, or whpk_ and a public key.',
    parse: standardSecret,
  },
  standardWebhookSecretPrevious: previous('STANDARD_WEBHOOK_SECRET', standardSecret),
  standardWebhookSecretPreviousExpiresAt: expiry('STANDARD_WEBHOOK_SECRET'),
  standardWebhookToleranceSeconds: {
    name: 'STANDARD_WEBHOOK_TOLERANCE_SECONDS',
    fallback: '300',
    help: 'How far the timestamp of a Standard Webhook may lie from now, before and after.',
    parse: (value) => integer(value, 1, 86_400),
  },
  twilioAuthToken: {
    name: 'TWILIO_AUTH_TOKEN',
    fallback: '',
    help: 'Auth token of your Twilio account, for POST /webhooks/twilio.',
    parse: optional,
  },
  twilioAuthTokenPrevious: previous('TWILIO_AUTH_TOKEN', optional),
  twilioAuthTokenPreviousExpiresAt: expiry('TWILIO_AUTH_TOKEN'),
  publicUrl: {
    name: 'PUBLIC_URL',
    fallback: '',
    help: 'Where the service is reached from outside, such as https://inbox.example.com: Twilio signs it. Needed behind a proxy.',
    parse: optionalUrl,
  },
} satisfies Readonly<Record<string, Variable<unknown>>>;

function previous<T>(name: string, parse: (value: string) => T): Variable<T> {
  return {
    name: `${name}_PREVIOUS`,
    fallback: '',
    help: 'Accepted as well while a rotation is under way.',
    parse,
  };
}

function expiry(name: string): Variable<Timestamp | undefined> {
  return {
    name: `${name}_PREVIOUS_EXPIRES_AT`,
    fallback: '',
    help: 'When the previous one stops being accepted, as an RFC 3339 date-time; empty: when it is taken out.',
    parse: optionalInstant,
  };
}

function standardSecret(value: string): string | undefined {
  if (value === '' || isStandardWebhooksSecret(value)) return optional(value);
  throw new Error(
    'must be whsec_ and the base64 of 24 to 64 bytes, or whpk_ and the base64 of a public key of 32 bytes',
  );
}
