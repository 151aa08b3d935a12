import { randomBytes } from 'node:crypto';
import type { Clock } from '../../application/ports/time.ts';
import { descriptorOf, type ProviderName } from '../providers/registry.ts';
import { ConfigError, type Settings } from './settings.ts';

export interface SignRequest {
  readonly body: Uint8Array;
  /** The address that is configured at the provider, if the provider signs it. */
  readonly url: string;
  /** The id of the delivery, if the provider signs one. Default: a random id. */
  readonly id?: string | undefined;
  /** The time of the delivery, if the provider signs one. Default: now. */
  readonly timestampSeconds?: number | undefined;
}

/** The headers that prove a body is this provider's, by name. */
export type Sign = (request: SignRequest) => Readonly<Record<string, string>>;

/** Signs as the provider would, with the current secret. Throws ConfigError if the secret is missing or cannot sign. */
export function signer(provider: ProviderName, { providers }: Settings, clock: Clock): Sign {
  const descriptor = descriptorOf(provider);
  const { name: variable, hidden } = descriptor.secret;
  const secret = providers[provider].secrets.current;
  if (secret === undefined) throw new ConfigError([`${variable} is not set: there is nothing to sign with`]);
  if (hidden?.(secret) === null) {
    throw new ConfigError([`${variable} is a public key: only the holder of the private one can sign`]);
  }
  return ({ body, url, id = randomDeliveryId(), timestampSeconds = Number(clock.now() / 1_000_000n) }) =>
    descriptor.sign(secret, { body, url, id, timestampSeconds });
}

export function randomDeliveryId(): string {
  return `msg_${randomBytes(16).toString('base64url')}`;
}
