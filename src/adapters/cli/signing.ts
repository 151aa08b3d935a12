import { randomBytes } from 'node:crypto';
import type { Clock } from '../../application/ports/time.ts';
import { signHmac } from '../signature/hmac.ts';
import { signStandardWebhook } from '../signature/standard-webhooks/standard-webhooks.ts';
import { signTwilio } from '../signature/twilio/twilio.ts';
import { PROVIDERS, type ProviderName } from './providers.ts';
import { ConfigError, type Settings } from './settings.ts';

export interface Signable {
  readonly body: Uint8Array;
  /** As it was configured at Twilio, which signs it. */
  readonly url: string;
  /** Of a Standard Webhook; a random one unless given. */
  readonly id?: string | undefined;
  /** Of a Standard Webhook; now unless given. */
  readonly timestampSeconds?: number | undefined;
}

/** The headers that prove a body is this provider's, by name. */
export type Sign = (request: Signable) => Record<string, string>;

/** Signs as the provider would, with the current secret. Throws ConfigError when it is not there, or cannot sign. */
export function signer(provider: ProviderName, { secrets }: Settings, clock: Clock): Sign {
  const secret = secrets[provider].current;
  const { variable } = PROVIDERS[provider];
  if (secret === undefined) throw new ConfigError([`${variable} is not set: there is nothing to sign with`]);
  if (secret.startsWith('whpk_') && provider === 'standard') {
    throw new ConfigError([`${variable} is a public key: only the holder of the private one can sign`]);
  }
  switch (provider) {
    case 'webhook':
      return ({ body }) => ({ 'X-Signature': signHmac(secret, body) });
    case 'whatsapp':
      return ({ body }) => ({ 'X-Hub-Signature-256': `sha256=${signHmac(secret, body)}` });
    case 'standard':
      return (request) => standardHeaders(secret, request, clock);
    case 'twilio':
      return ({ body, url }) => ({ 'X-Twilio-Signature': signTwilio({ authToken: secret, url, body }) });
  }
}

export function randomDeliveryId(): string {
  return `msg_${randomBytes(16).toString('base64url')}`;
}

function standardHeaders(
  secret: string,
  { body, id, timestampSeconds }: Signable,
  clock: Clock,
): Record<string, string> {
  const message = {
    id: id ?? randomDeliveryId(),
    timestampSeconds: timestampSeconds ?? Number(clock.now() / 1_000_000n),
  };
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampSeconds),
    'webhook-signature': signStandardWebhook({ secret, ...message, body }),
  };
}
