import { createSecretKey, type KeyObject } from 'node:crypto';
import type { Delivery } from '../../../domain/delivery.ts';

/** Names the key and the algorithm that a Webhook Rule makes Twilio sign with instead of the auth token. */
const HEADER = 'x-twilio-webhooks-signature-settings';
/** Twilio's names of hash functions, and the length of their digests in bytes. */
const ALGORITHMS = {
  HMAC_SHA1: { hash: 'sha1', bytes: 20 },
  HMAC_SHA256: { hash: 'sha256', bytes: 32 },
  HMAC_SHA512: { hash: 'sha512', bytes: 64 },
} as const;

export type TwilioAlgorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS];

/** How Twilio signs with an account's auth token. */
export const AUTH_TOKEN_ALGORITHM: TwilioAlgorithm = ALGORITHMS.HMAC_SHA1;

/** What a delivery says about its signature. */
export interface SignatureSettings {
  readonly keyId: string;
  /** Undefined if the service does not know it. */
  readonly algorithm: TwilioAlgorithm | undefined;
}

/**
 * Reads the settings of a delivery; null if it names none, and so is signed with an auth token. A key id that cannot be read is the empty
 * one, which no key has. (https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys)
 */
export function signatureSettings({ headers }: Pick<Delivery, 'headers'>): SignatureSettings | null {
  const header = headers[HEADER]?.trim();
  if (!header) return null;
  const pairs = new Map(
    header.split(',').map((pair): [string, string] => {
      const [name = '', ...value] = pair.split('=');
      return [name.trim().toLowerCase(), value.join('=').trim()];
    }),
  );
  const algorithm = pairs.get('algorithm')?.toUpperCase() ?? '';
  return {
    keyId: pairs.get('key') ?? '',
    algorithm: Object.hasOwn(ALGORITHMS, algorithm) ? ALGORITHMS[algorithm as keyof typeof ALGORITHMS] : undefined,
  };
}

/** The shared keys by their ids, as keys of an HMAC. */
export function sharedKeys(keys: Readonly<Record<string, string>>): ReadonlyMap<string, KeyObject> {
  return new Map(Object.entries(keys).map(([id, secret]) => [id, createSecretKey(secret, 'utf8')]));
}
