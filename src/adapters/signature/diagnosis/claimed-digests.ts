import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { decodeBase64 } from '../base64.ts';

/** A digest in a signature header of any scheme. It only helps to find mistakes. */
export interface ClaimedDigest {
  readonly bytes: Buffer;
  readonly encoding: 'hex' | 'base64';
}

export type HashName = 'sha1' | 'sha256' | 'sha512';

const HEX = /^[0-9a-f]*$/i;
/** Of SHA-1, SHA-256 and SHA-512. No text has one of these lengths in both encodings. */
const LENGTHS = [20, 32, 64];
const MAX_PARTS = 12;
const MAX_CLAIMS = 4;

/**
 * Returns the digests in a header, with any separator and prefix (`sha256=…`, `v1,…`). The number is small, because each
 * digest is tried many times.
 */
export function claimedDigests(header: string | undefined): ClaimedDigest[] {
  return (header ?? '')
    .split(/[\s,]+/, MAX_PARTS)
    .flatMap((part) => claims(part.replace(/^sha\d+=/i, '')))
    .slice(0, MAX_CLAIMS);
}

/** Returns whether one of them is the HMAC of these concatenated parts. */
export function claimsHmac(
  claimed: readonly ClaimedDigest[],
  hash: HashName,
  key: KeyObject,
  ...parts: readonly (string | Uint8Array)[]
): boolean {
  const hmac = createHmac(hash, key);
  for (const part of parts) hmac.update(part);
  const digest = hmac.digest();
  return claimed.some(({ bytes }) => bytes.length === digest.length && timingSafeEqual(bytes, digest));
}

function claims(text: string): ClaimedDigest[] {
  const hex = HEX.test(text) ? Buffer.from(text, 'hex') : null;
  const base64 = decodeBase64(text);
  const read: ClaimedDigest[] = [];
  if (hex !== null && LENGTHS.includes(hex.length) && text.length === hex.length * 2)
    read.push({ bytes: hex, encoding: 'hex' });
  if (base64 !== null && LENGTHS.includes(base64.length)) read.push({ bytes: base64, encoding: 'base64' });
  return read;
}
