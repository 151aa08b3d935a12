/**
 * The signature of `POST /webhook`: HMAC-SHA256 (RFC 2104 over FIPS 180-4) of the raw body, in hexadecimal, in the header
 * `X-Signature`. It uses WebCrypto, which Node, browsers, Deno, Bun and workers have.
 */

const ALGORITHM = { name: 'HMAC', hash: 'SHA-256' };
const SIGNATURE = /^(?:sha256=)?([0-9a-f]{64})$/i;
/** The service ignores further signatures. */
const MAX_SIGNATURES = 8;

/**
 * Signs the bytes of a body. Send exactly these bytes: JSON that is parsed and serialised again may differ.
 *
 * @param body text is signed as UTF-8
 * @returns 64 hexadecimal digits in lower case, the value of `X-Signature`
 * @throws {TypeError} the secret is empty, or this is a page without WebCrypto (neither HTTPS nor localhost)
 */
export async function signWebhook(body: string | Uint8Array, secret: string): Promise<string> {
  const signature = await subtle().sign(ALGORITHM.name, await importKey(secret), bytesOf(body));
  return Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * Returns whether a header's value signs these bytes, by the rules of the service: upper or lower case, with or without
 * `sha256=`, one or several signatures separated by commas, one of which must be valid. Never throws for malformed headers.
 * The comparison takes constant time (https://www.w3.org/TR/webcrypto-2/#hmac-operations).
 *
 * @param header `X-Signature` as received; null or undefined if it is missing
 * @param secrets one, or during a rotation the new one and the old one
 * @throws {TypeError} there is no secret, a secret is empty, or WebCrypto is missing
 */
export async function verifyWebhook(
  body: string | Uint8Array,
  header: string | null | undefined,
  secrets: string | readonly string[],
): Promise<boolean> {
  const keys = await Promise.all([secrets].flat().map(importKey));
  if (keys.length === 0) throw new TypeError('there is no secret to verify a webhook with');
  const bytes = bytesOf(body);
  for (const part of (header ?? '').split(',', MAX_SIGNATURES)) {
    const digits = SIGNATURE.exec(part.trim())?.[1];
    if (digits === undefined) continue;
    const signature = Uint8Array.from({ length: 32 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
    for (const key of keys) if (await subtle().verify(ALGORITHM.name, key, signature, bytes)) return true;
  }
  return false;
}

function importKey(secret: string) {
  if (secret === '') throw new TypeError('the secret of a webhook must not be empty');
  return subtle().importKey('raw', bytesOf(secret), ALGORITHM, false, ['sign', 'verify']);
}

function bytesOf(value: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof value === 'string' ? new TextEncoder().encode(value) : new Uint8Array(value);
}

function subtle() {
  // Missing if a page is not a secure context, although the type says otherwise.
  const { subtle } = globalThis.crypto as Partial<typeof globalThis.crypto>;
  if (subtle === undefined) throw new TypeError('there is no WebCrypto here: a page needs HTTPS, or localhost, for it');
  return subtle;
}
