import { createHash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../application/ports/time.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import { decodeBase64 } from '../base64.ts';
import { claimedDigests, claimsHmac, type HashName } from '../diagnosis/claimed-digests.ts';
import { firstMistake, type Diagnosis } from '../diagnosis/diagnosis.ts';
import type { SignatureScheme } from '../scheme.ts';
import { rotatingKeys, type ProviderSecrets, type RotatingKeys } from '../secrets.ts';
import { formFault, hasTooManyParameters, signedText } from './form.ts';
import { otherBases, signedUrls } from './url.ts';

const HEADER = 'x-twilio-signature';
const SHA1_BYTES = 20;
/** The media types that Twilio sends; a parser that accepts more than these must not follow. */
const JSON_TYPE = /^\s*application\/json\s*(?:;|$)/i;
const FORM_TYPE = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;

/**
 * Checks `X-Twilio-Signature`: the base64 HMAC-SHA1, keyed by the account's auth token, of the address that Twilio
 * called and the parameters of the form. With a `bodySHA256` in the address it covers the address alone, and by it the
 * body. (https://www.twilio.com/docs/usage/webhooks/webhooks-security#validating-signatures-from-twilio)
 *
 * The address is `publicUrl` followed by the target of the request. `publicUrl` is an origin, with the path prefix that a
 * proxy removes, if any. Without it, the Host header is used, which is correct only if Twilio calls the service directly.
 */
export function twilioSignature(
  secrets: ProviderSecrets,
  { clock, publicUrl }: { readonly clock: Clock; readonly publicUrl?: string | undefined },
): SignatureScheme {
  const keys = rotatingKeys(secrets, (secret) => createSecretKey(secret, 'utf8'), clock);

  return {
    configured: keys.configured,
    verify(delivery) {
      if (!keys.configured) return { valid: false, reason: 'no_secret_configured' };
      const header = delivery.headers[HEADER]?.trim();
      const base = publicUrl ?? baseOf(delivery);
      if (!header || base === undefined) return { valid: false, reason: 'missing_header' };
      const signature = decodeBase64(header);
      if (signature?.length !== SHA1_BYTES) return { valid: false, reason: 'malformed_signature' };

      const parameters = signedParameters(delivery.target, delivery.body);
      if (parameters === null) return { valid: false, reason: 'wrong_digest' };
      const urls = signedUrls(base, delivery.target);
      const signed = keys
        .usable()
        .find(({ key }) => urls.some((url) => timingSafeEqual(digestOf(key, url, parameters), signature)));
      if (signed === undefined) return { valid: false, reason: 'wrong_digest' };
      const detail = ambiguity(delivery);
      return detail === null
        ? { valid: true, secret: signed.generation }
        : { valid: false, reason: 'wrong_digest', detail };
    },
    diagnose: (delivery) => diagnose(delivery, publicUrl, keys),
  };
}

/**
 * The `X-Twilio-Signature` of a request to this address with this form. With a `bodySHA256` in the address the body is
 * not signed itself, and may be left out.
 */
export function signTwilio(request: {
  readonly authToken: string;
  readonly url: string;
  readonly body?: string | Uint8Array;
}): string {
  const covered = bodyHashIn(request.url) !== null;
  const parameters = covered ? '' : signedText(Buffer.from(request.body ?? ''));
  return digestOf(createSecretKey(request.authToken, 'utf8'), request.url, parameters).toString('base64');
}

function digestOf(key: KeyObject, url: string, parameters: string): Buffer {
  return createHmac('sha1', key).update(url).update(parameters).digest();
}

function baseOf({ headers }: Delivery): string | undefined {
  return headers['host'] ? `http://${headers['host']}` : undefined;
}

/**
 * Returns the part of the body that is signed after the address; null if no signature can cover it. Regardless of the media
 * type, a body without `bodySHA256` is verified as a form, so no part of it is unsigned.
 */
function signedParameters(target: string, body: Uint8Array): string | null {
  const hash = bodyHashIn(target);
  if (hash !== null) return isHashOf(hash, body) ? '' : null;
  return hasTooManyParameters(body) ? null : signedText(body);
}

/** Why a delivery with a valid signature is not certainly the one that was signed, in words; null if it is. */
function ambiguity({ target, body, headers }: Delivery): string | null {
  if (bodyHashIn(target) !== null) return null; // covers every byte
  const declared = headers['content-type'] ?? '';
  if (JSON_TYPE.test(declared)) return 'a JSON body needs its bodySHA256 in the signed address';
  return FORM_TYPE.test(declared) ? formFault(body) : null; // any other type is rejected as such
}

function bodyHashIn(url: string): string | null {
  const query = url.indexOf('?');
  return query === -1 ? null : new URLSearchParams(url.slice(query + 1)).get('bodySHA256');
}

function isHashOf(hash: string, body: Uint8Array): boolean {
  const given = Buffer.from(hash);
  const expected = Buffer.from(createHash('sha256').update(body).digest('hex'));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

function diagnose(delivery: Delivery, publicUrl: string | undefined, keys: RotatingKeys<KeyObject>): Diagnosis | null {
  const { body, target, headers } = delivery;
  const parameters = signedParameters(target, body);
  if (parameters === null) return null;
  const claimed = claimedDigests(headers[HEADER]);
  const inHex = claimed.filter(({ encoding }) => encoding === 'hex');
  const usable = keys.usable().map(({ key }) => key);
  const expired = keys.expired();
  const base = publicUrl ?? baseOf(delivery);
  const urls = base === undefined ? [] : signedUrls(base, target);
  const otherUrls = otherBases(publicUrl, headers)
    .flatMap((other) => signedUrls(other, target))
    .filter((url) => !urls.includes(url));
  const claimedBy = (claims: typeof claimed, key: KeyObject, at: readonly string[], hash: HashName = 'sha1'): boolean =>
    at.some((url) => claimsHmac(claims, hash, key, url, parameters));

  return firstMistake(delivery, [
    ['hex_for_base64', () => usable.some((key) => claimedBy(inHex, key, urls))],
    ['previous_secret', () => expired !== null && claimedBy(claimed, expired, urls)],
    ['other_url', () => usable.some((key) => claimedBy(claimed, key, otherUrls))],
    ['wrong_algorithm', () => usable.some((key) => claimedBy(claimed, key, urls, 'sha256'))],
  ]);
}
