import { createHash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../application/ports/time.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import { decodeBase64 } from '../base64.ts';
import { claimedDigests, claimsHmac, type HashName } from '../diagnosis/claimed-digests.ts';
import { firstMistake, type Diagnosis } from '../diagnosis/diagnosis.ts';
import type { SignatureScheme } from '../scheme.ts';
import { rotatingKeys, type PreparedKey, type ProviderSecrets, type RotatingKeys } from '../secrets.ts';
import { formFault, hasTooManyParameters, signedText } from './form.ts';
import {
  AUTH_TOKEN_ALGORITHM,
  sharedKeys,
  signatureSettings,
  type SignatureSettings,
  type TwilioAlgorithm,
} from './shared-keys.ts';
import { otherBases, signedUrls } from './url.ts';

const HEADER = 'x-twilio-signature';
/** Everything that the parser takes for JSON. */
const JSON_TYPE = /^\s*(?:application\/json|text\/json|[^;,\s]*\+json)\s*(?:;|$)/i;
const FORM_TYPE = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i;

/**
 * Checks `X-Twilio-Signature`: the base64 HMAC-SHA1, keyed by the account's auth token, of the address that Twilio
 * called and the parameters of the form; or the HMAC by the shared key that `X-Twilio-Webhooks-Signature-Settings` names, with the hash function that
 * it names. With a `bodySHA256` in the address it covers the address alone, and by it the
 * body. (https://www.twilio.com/docs/usage/webhooks/webhooks-security#validating-signatures-from-twilio)
 *
 * The address is `publicUrl` followed by the target of the request. `publicUrl` is an origin, with the path prefix that a
 * proxy removes, if any. Without it, the Host header is used, which is correct only if Twilio calls the service directly.
 */
export function twilioSignature(
  secrets: ProviderSecrets,
  options: {
    readonly clock: Clock;
    readonly publicUrl?: string | undefined;
    /** The auth tokens of other accounts, such as sub-accounts. */
    readonly otherTokens?: readonly string[];
    /** The keys that Webhook Rules sign with, by their ids. */
    readonly sharedKeys?: Readonly<Record<string, string>>;
  },
): SignatureScheme {
  const { publicUrl } = options;
  const keys: TwilioKeys = {
    tokens: rotatingKeys(secrets, (secret) => createSecretKey(secret, 'utf8'), options.clock),
    others: (options.otherTokens ?? []).map((token) => ({
      generation: 'current',
      key: createSecretKey(token, 'utf8'),
    })),
    shared: sharedKeys(options.sharedKeys ?? {}),
  };
  const configured = keys.tokens.configured || keys.others.length > 0 || keys.shared.size > 0;

  return {
    configured,
    verify(delivery) {
      if (!configured) return { valid: false, reason: 'no_secret_configured' };
      const header = delivery.headers[HEADER]?.trim();
      const base = publicUrl ?? baseOf(delivery);
      if (!header || base === undefined) return { valid: false, reason: 'missing_header' };
      const signature = decodeBase64(header);
      const settings = signatureSettings(delivery);
      const algorithm = settings === null ? AUTH_TOKEN_ALGORITHM : settings.algorithm;
      if (algorithm === undefined || signature?.length !== algorithm.bytes) {
        return { valid: false, reason: 'malformed_signature' };
      }

      const parameters = signedParameters(delivery.target, delivery.body);
      if (parameters === null) return { valid: false, reason: 'wrong_digest' };
      const urls = signedUrls(base, delivery.target);
      const signed = keysFor(keys, settings).find(({ key }) =>
        urls.some((url) => timingSafeEqual(digestOf(algorithm, key, url, parameters), signature)),
      );
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
  const key = createSecretKey(request.authToken, 'utf8');
  return digestOf(AUTH_TOKEN_ALGORITHM, key, request.url, parameters).toString('base64');
}

interface TwilioKeys {
  readonly tokens: RotatingKeys<KeyObject>;
  readonly others: readonly PreparedKey<KeyObject>[];
  readonly shared: ReadonlyMap<string, KeyObject>;
}

/** The keys that may have signed a delivery: the shared key that it names, which no auth token replaces, or the auth tokens. */
function keysFor({ tokens, others, shared }: TwilioKeys, settings: SignatureSettings | null): PreparedKey<KeyObject>[] {
  if (settings === null) return [...tokens.usable(), ...others];
  const key = shared.get(settings.keyId);
  return key === undefined ? [] : [{ generation: 'current', key }];
}

function digestOf({ hash }: TwilioAlgorithm, key: KeyObject, url: string, parameters: string): Buffer {
  return createHmac(hash, key).update(url).update(parameters).digest();
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

function diagnose(delivery: Delivery, publicUrl: string | undefined, keys: TwilioKeys): Diagnosis | null {
  const { body, target, headers } = delivery;
  const parameters = signedParameters(target, body);
  if (parameters === null) return null;
  const claimed = claimedDigests(headers[HEADER]);
  const inHex = claimed.filter(({ encoding }) => encoding === 'hex');
  const settings = signatureSettings(delivery);
  if (settings !== null && !keys.shared.has(settings.keyId)) return 'unknown_shared_key';
  const hash = settings?.algorithm?.hash ?? AUTH_TOKEN_ALGORITHM.hash;
  const usable = keysFor(keys, settings).map(({ key }) => key);
  const expired = settings === null ? keys.tokens.expired() : null;
  const base = publicUrl ?? baseOf(delivery);
  const urls = base === undefined ? [] : signedUrls(base, target);
  const otherUrls = otherBases(publicUrl, headers)
    .flatMap((other) => signedUrls(other, target))
    .filter((url) => !urls.includes(url));
  const claimedBy = (claims: typeof claimed, key: KeyObject, at: readonly string[], by: HashName = hash): boolean =>
    at.some((url) => claimsHmac(claims, by, key, url, parameters));

  return firstMistake(delivery, [
    ['hex_for_base64', () => usable.some((key) => claimedBy(inHex, key, urls))],
    ['previous_secret', () => expired !== null && claimedBy(claimed, expired, urls)],
    ['other_url', () => usable.some((key) => claimedBy(claimed, key, otherUrls))],
    ['wrong_algorithm', () => usable.some((key) => claimedBy(claimed, key, urls, 'sha256'))],
  ]);
}
