import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';

/** Which kind of signature a key is for. The key's own form decides: a public key is never used to make an HMAC. */
export interface StandardKey {
  readonly version: 'v1' | 'v1a';
  readonly key: KeyObject;
}

const ED25519_BYTES = 32;
/** The prefix of the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Whether the service can verify with this: `whsec_` and the base64 of 24 to 64 bytes, or `whpk_` and that of an
 * Ed25519 public key. (https://github.com/standard-webhooks/standard-webhooks, "Signature scheme")
 */
export function isStandardWebhooksSecret(secret: string): boolean {
  return verifyingKey(secret) !== null;
}

/** Null when the secret is not well-formed. */
export function verifyingKey(secret: string): StandardKey | null {
  if (secret.startsWith('whsec_')) return symmetricKey(secret);
  const bytes = bytesAfter('whpk_', secret);
  if (bytes?.length !== ED25519_BYTES) return null;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return { version: 'v1a', key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/**
 * Creates the signer of a `whsec_` secret, or of `whsk_` and an Ed25519 seed, with or without its public key. Null for
 * other secrets.
 */
export function signingKey(secret: string): StandardKey | null {
  if (secret.startsWith('whsec_')) return symmetricKey(secret);
  const bytes = bytesAfter('whsk_', secret);
  if (bytes?.length !== ED25519_BYTES && bytes?.length !== 2 * ED25519_BYTES) return null;
  const der = Buffer.concat([PKCS8_ED25519, bytes.subarray(0, ED25519_BYTES)]);
  return { version: 'v1a', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

function symmetricKey(secret: string): StandardKey | null {
  const bytes = bytesAfter('whsec_', secret);
  if (bytes === null || bytes.length < 24 || bytes.length > 64) return null;
  return { version: 'v1', key: createSecretKey(bytes) };
}

function bytesAfter(prefix: string, secret: string): Buffer | null {
  return secret.startsWith(prefix) ? decodeBase64(secret.slice(prefix.length)) : null;
}
