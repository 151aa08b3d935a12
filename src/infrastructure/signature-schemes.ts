import type { SignatureScheme } from '../adapters/signature/diagnosis/diagnosis.ts';
import { hmacSignature } from '../adapters/signature/hmac.ts';
import type { ProviderSecrets } from '../adapters/signature/secrets.ts';
import { standardWebhooksSignature } from '../adapters/signature/standard-webhooks/standard-webhooks.ts';
import { twilioSignature } from '../adapters/signature/twilio/twilio.ts';
import { provider, WEBHOOK, type Provider } from '../domain/provider.ts';
import { systemClock as clock } from './clock.ts';
import type { Config } from './config/config.ts';

type Secrets = Readonly<Record<'webhook' | 'whatsapp' | 'standard' | 'twilio', ProviderSecrets>>;

/** The secrets that the service shares with each provider. */
export function providerSecrets(config: Config): Secrets {
  return {
    webhook: {
      current: config.webhookSecret,
      previous: config.webhookSecretPrevious,
      previousExpiresAt: config.webhookSecretPreviousExpiresAt,
    },
    whatsapp: {
      current: config.whatsAppAppSecret,
      previous: config.whatsAppAppSecretPrevious,
      previousExpiresAt: config.whatsAppAppSecretPreviousExpiresAt,
    },
    standard: {
      current: config.standardWebhookSecret,
      previous: config.standardWebhookSecretPrevious,
      previousExpiresAt: config.standardWebhookSecretPreviousExpiresAt,
    },
    twilio: {
      current: config.twilioAuthToken,
      previous: config.twilioAuthTokenPrevious,
      previousExpiresAt: config.twilioAuthTokenPreviousExpiresAt,
    },
  };
}

/** The signature scheme of each provider. A provider without a secret is included, but disabled. */
export function signatureSchemes(config: Config): ReadonlyMap<Provider, SignatureScheme> {
  const { webhook, standard, whatsapp, twilio } = providerSecrets(config);
  const toleranceSeconds = config.standardWebhookToleranceSeconds;
  return new Map([
    [WEBHOOK, hmacSignature(webhook, { header: 'x-signature', clock })],
    [provider('standard'), standardWebhooksSignature(standard, { clock, toleranceSeconds })],
    [provider('whatsapp'), hmacSignature(whatsapp, { header: 'x-hub-signature-256', clock })],
    [provider('twilio'), twilioSignature(twilio, { clock, publicUrl: config.publicUrl })],
  ]);
}
