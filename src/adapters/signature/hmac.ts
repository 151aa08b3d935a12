import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Clock } from '../../application/ports/time.ts';
import type { Delivery } from '../../domain/delivery.ts';
import { claimedDigests, claimsHmac } from './diagnosis/claimed-digests.ts';
import { firstMistake, type Diagnosis } from './diagnosis/diagnosis.ts';
import type { SignatureScheme } from './scheme.ts';
import { bodySuspicions } from './diagnosis/body-suspicions.ts';
import { rotatingKeys, type ProviderSecrets, type RotatingKeys } from './secrets.ts';

/** `x-signature` is the form of the service's first callers, `x-hub-signature-256` that of Meta and GitHub. */
export type HmacHeader = 'x-signature' | 'x-hub-signature-256';

const SIGNATURE = /^(?:sha256=)?([0-9a-f]{64})$/i;
/** More than any sender needs during a rotation; a bound, because every candidate costs a comparison. */
const MAX_SIGNATURES = 8;
/** Where senders put this digest by habit. */
const HABITUAL_HEADERS = ['x-signature', 'x-hub-signature-256', 'x-signature-256', 'x-webhook-signature', 'signature'];

/**
 * Checks a hexadecimal HMAC-SHA256 of the raw body, in either case, optionally prefixed by `sha256=`, several separated
 * by commas. One that any of the secrets made is enough. (The digest is RFC 2104 over FIPS 180-4. Meta:
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started#event-notifications)
 */
export function hmacSignature(
  secrets: ProviderSecrets,
  { clock, header = 'x-signature' }: { readonly clock: Clock; readonly header?: HmacHeader },
): SignatureScheme {
  const keys = rotatingKeys(secrets, (secret) => createSecretKey(secret, 'utf8'), clock);

  return {
    configured: keys.configured,
    verify(delivery) {
      if (!keys.configured) return { valid: false, reason: 'no_secret_configured' };
      const value = delivery.headers[header];
      if (value === undefined || value.trim() === '') return { valid: false, reason: 'missing_header' };
      const candidates = parseCandidates(value);
      if (candidates.length === 0) return { valid: false, reason: 'malformed_signature' };
      for (const { generation, key } of keys.usable()) {
        const digest = createHmac('sha256', key).update(delivery.body).digest();
        if (candidates.some((candidate) => timingSafeEqual(candidate, digest)))
          return { valid: true, secret: generation };
      }
      return { valid: false, reason: 'wrong_digest' };
    },
    diagnose: (delivery) => diagnose(delivery, header, keys),
  };
}

/** The hexadecimal signature that {@link hmacSignature} accepts for this body; Meta and GitHub prefix `sha256=`. */
export function signHmac(secret: string, body: string | Uint8Array): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

function parseCandidates(header: string): Buffer[] {
  const candidates: Buffer[] = [];
  for (const part of header.split(',', MAX_SIGNATURES)) {
    const hex = SIGNATURE.exec(part.trim())?.[1];
    if (hex !== undefined) candidates.push(Buffer.from(hex, 'hex'));
  }
  return candidates;
}

function diagnose({ body, headers }: Delivery, header: HmacHeader, keys: RotatingKeys<KeyObject>): Diagnosis | null {
  const claimed = claimedDigests(headers[header]);
  const inBase64 = claimed.filter(({ encoding }) => encoding === 'base64');
  const elsewhere = HABITUAL_HEADERS.filter((name) => name !== header).flatMap((name) => claimedDigests(headers[name]));
  const usable = keys.usable().map(({ key }) => key);
  const expired = keys.expired();
  return firstMistake({ body }, [
    ['base64_for_hex', () => usable.some((key) => claimsHmac(inBase64, 'sha256', key, body))],
    ['other_header', () => usable.some((key) => claimsHmac(elsewhere, 'sha256', key, body))],
    ['previous_secret', () => expired !== null && claimsHmac(claimed, 'sha256', expired, body)],
    ...bodySuspicions(body, (variant) => usable.some((key) => claimsHmac(claimed, 'sha256', key, variant))),
    [
      'wrong_algorithm',
      () => usable.some((key) => claimsHmac(claimed, 'sha1', key, body) || claimsHmac(claimed, 'sha512', key, body)),
    ],
  ]);
}
