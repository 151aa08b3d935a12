import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';

/** Which kind of signature a key is for. The key's own form decides: a public key is never used to make an HMAC. */
export interface StandardKey {
  readonly version: 'v1' | 'v1a';
  readonly key: KeyObject;
}

const ED25519_BYTES = 32;
/** The specification asks for 24 to 64 bytes, but senders use other lengths, also in its own tests. Less could be guessed. */
const MIN_SHARED_BYTES = 16;
/** The prefix of the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** What may precede the base64 of a shared secret: the specification's prefix, or Supabase's, or nothing. */
const SHARED_PREFIX = /^(?:v1,)?(?:whsec_)?/;
/** Letters that end in an underscore, and can be no base64. */
const PREFIX = /^(?:v1,)?[A-Za-z]+_/;

/**
 * Why the service cannot verify with a secret, as the end of a sentence, without a part of it; null if it can. A secret is the base64 of
 * a shared secret, padded or not, after `whsec_`, `v1,whsec_` or nothing, as the specification's libraries take it; or `whpk_`
 * and the base64 of an Ed25519 public key. (https://github.com/standard-webhooks/standard-webhooks, "Signature scheme")
 */
export function faultOfStandardSecret(secret: string): string | null {
  const parsed = verifyingKey(secret);
  return 'fault' in parsed ? parsed.fault : null;
}

/** The part of a secret that nobody must guess; null for a public key. */
export function hiddenPart(secret: string): string | null {
  return secret.startsWith('whpk_') ? null : secret.replace(SHARED_PREFIX, '');
}

interface Fault {
  readonly fault: string;
}

/** The key to verify with, or why there is none. */
export function verifyingKey(secret: string): StandardKey | Fault {
  const text = secret.trim();
  if (text.startsWith('whsk_'))
    return { fault: 'must not be a private key: set the public one, which begins with whpk_' };
  if (!text.startsWith('whpk_')) return sharedKey(text);
  const bytes = bytesOf(text.slice('whpk_'.length));
  if ('fault' in bytes) return bytes;
  if (bytes.length !== ED25519_BYTES) {
    return {
      fault: `must be a public key of ${String(ED25519_BYTES)} bytes after whpk_, but has ${String(bytes.length)}`,
    };
  }
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return { version: 'v1a', key: createPublicKey({ key: jwk, format: 'jwk' }) };
}

/**
 * Creates the signer of a shared secret, or of `whsk_` and an Ed25519 seed, with or without its public key. Null for
 * other secrets.
 */
export function signingKey(secret: string): StandardKey | null {
  const text = secret.trim();
  if (!text.startsWith('whsk_')) {
    const shared = sharedKey(text);
    return 'fault' in shared ? null : shared;
  }
  const bytes = bytesOf(text.slice('whsk_'.length));
  if ('fault' in bytes || (bytes.length !== ED25519_BYTES && bytes.length !== 2 * ED25519_BYTES)) return null;
  const der = Buffer.concat([PKCS8_ED25519, bytes.subarray(0, ED25519_BYTES)]);
  return { version: 'v1a', key: createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }) };
}

function sharedKey(text: string): StandardKey | Fault {
  const encoded = text.replace(SHARED_PREFIX, '');
  const prefix = PREFIX.exec(encoded);
  if (prefix !== null) return { fault: 'must begin with whsec_ or whpk_, in lower case, or be base64 alone' };
  const bytes = bytesOf(encoded);
  if ('fault' in bytes) return bytes;
  if (bytes.length < MIN_SHARED_BYTES) {
    return {
      fault: `must be the base64 of at least ${String(MIN_SHARED_BYTES)} bytes, but is that of ${String(bytes.length)}`,
    };
  }
  return { version: 'v1', key: createSecretKey(bytes) };
}

function bytesOf(encoded: string): Buffer | Fault {
  if (encoded === '') return { fault: 'must have base64 after its prefix' };
  if (encoded.includes('|')) return { fault: 'must be one secret: set the other one as the previous secret' };
  if (/[-_]/.test(encoded) && /^[\w-]+=*$/.test(encoded))
    return { fault: 'must be base64 with + and /, not with - and _' };
  const unpadded = encoded.replace(/={0,2}$/, '');
  const bytes = decodeBase64(unpadded.padEnd(Math.ceil(unpadded.length / 4) * 4, '='));
  const isPadded = encoded.length === unpadded.length || encoded.length % 4 === 0;
  return bytes === null || !isPadded ? { fault: 'must be base64, whole and with no other characters' } : bytes;
}
