/** What a sender has to know of each provider's webhooks. */
interface ProviderForm {
  /** Where they are sent to. */
  readonly path: string;
  readonly mediaType: string;
  /** The setting that holds the secret. */
  readonly variable: string;
  /** What the signature is made of. */
  readonly headers: readonly string[];
}

const JSON_TYPE = 'application/json';

export const PROVIDERS = {
  webhook: { path: '/webhook', mediaType: JSON_TYPE, variable: 'WEBHOOK_SECRET', headers: ['X-Signature'] },
  whatsapp: {
    path: '/webhooks/whatsapp',
    mediaType: JSON_TYPE,
    variable: 'WHATSAPP_APP_SECRET',
    headers: ['X-Hub-Signature-256'],
  },
  standard: {
    path: '/webhooks/standard',
    mediaType: JSON_TYPE,
    variable: 'STANDARD_WEBHOOK_SECRET',
    headers: ['webhook-id', 'webhook-timestamp', 'webhook-signature'],
  },
  twilio: {
    path: '/webhooks/twilio',
    mediaType: 'application/x-www-form-urlencoded',
    variable: 'TWILIO_AUTH_TOKEN',
    headers: ['X-Twilio-Signature'],
  },
} as const satisfies Readonly<Record<string, ProviderForm>>;

export type ProviderName = keyof typeof PROVIDERS;

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[];
