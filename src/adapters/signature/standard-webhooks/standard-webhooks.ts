import { createHmac, createSecretKey, sign, timingSafeEqual, verify as verifyEd25519 } from 'node:crypto';
import type { Clock } from '../../../application/ports/time.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import { decodeBase64 } from '../base64.ts';
import { claimedDigests, claimsHmac, type HashName } from '../diagnosis/claimed-digests.ts';
import { firstMistake, type Diagnosis } from '../diagnosis/diagnosis.ts';
import type { SignatureScheme } from '../scheme.ts';
import { bodySuspicions } from '../diagnosis/body-suspicions.ts';
import { rotatingKeys, type ProviderSecrets, type RotatingKeys } from '../secrets.ts';
import { standardHeaders, type StandardHeaders } from './headers.ts';
import { hiddenPart, signingKey, verifyingKey, type StandardKey } from './secret.ts';

/** A key to verify with, and the secret as it was configured, which some senders use undecoded. */
type Key = StandardKey & { readonly secret: string };

interface Candidate {
  readonly version: StandardKey['version'];
  readonly signature: Buffer;
}

/** The recommendation of the specification's own libraries; it leaves the number to the receiver. */
const DEFAULT_TOLERANCE_SECONDS = 300;
/** Printable characters: a header carries them unchanged, so the signed text equals the sent bytes. */
const ID = /^[\x20-\x7e]+$/;
const TIMESTAMP = /^\d{1,15}$/;
const SIGNATURE_BYTES = { v1: 32, v1a: 64 };
/**
 * Maximum of signatures of a kind that are tried. A sender may send the signatures of all its receivers. A signature of v1a costs some
 * 0.1 ms; one of v1 costs a comparison, and the size of the header limits their number.
 */
const MAX_TRIED = { v1: 400, v1a: 16 };

/**
 * Checks the headers of Standard Webhooks 1.0: HMAC-SHA256 (`v1`) or Ed25519 (`v1a`) over `{id}.{timestamp}.{body}`,
 * the body raw. One signature that any of the secrets made is enough; those of other versions are ignored.
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md)
 */
export function standardWebhooksSignature(
  secrets: ProviderSecrets,
  options: { readonly clock: Clock; readonly toleranceSeconds?: number },
): SignatureScheme {
  const { clock, toleranceSeconds = DEFAULT_TOLERANCE_SECONDS } = options;
  const keys = rotatingKeys(secrets, keyOf, clock);

  return {
    configured: keys.configured,
    verify({ headers, body }) {
      if (!keys.configured) return { valid: false, reason: 'no_secret_configured' };
      const sent = standardHeaders(headers);
      if (sent === null) return { valid: false, reason: 'missing_header' };
      const candidates = parseCandidates(sent.signatures);
      if (candidates.length === 0 || !ID.test(sent.id) || !TIMESTAMP.test(sent.timestamp))
        return { valid: false, reason: 'malformed_signature' };

      const signed = keys.usable().find(({ key }) => hasSigned(key, candidates, sent, body));
      // Only then the time: the timestamp of a delivery that nobody signed says nothing, and 'stale_timestamp' is to
      // mean that the secret is right and a clock, or a queue, is not.
      if (signed === undefined) return { valid: false, reason: 'wrong_digest' };
      const deltaSeconds = Number(sent.timestamp) - Number(clock.now() / 1_000_000n);
      if (Math.abs(deltaSeconds) > toleranceSeconds) return { valid: false, reason: 'stale_timestamp', deltaSeconds };
      return { valid: true, secret: signed.generation, deliveryId: sent.id };
    },
    diagnose: (delivery) => diagnose(delivery, keys),
  };
}

/**
 * The `webhook-signature` of a message: `v1,…` by a shared secret, `v1a,…` by a `whsk_` one. Throws RangeError when
 * the secret is neither.
 */
export function signStandardWebhook(message: {
  readonly secret: string;
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string | Uint8Array;
}): string {
  const signing = signingKey(message.secret);
  if (signing === null) throw new RangeError('not a shared secret, such as whsec_ and base64, nor a whsk_ one');
  const { version, key } = signing;
  const content = Buffer.concat([
    Buffer.from(`${message.id}.${message.timestampSeconds.toString()}.`),
    Buffer.from(message.body),
  ]);
  const signature = version === 'v1' ? createHmac('sha256', key).update(content).digest() : sign(null, content, key);
  return `${version},${signature.toString('base64')}`;
}

function keyOf(secret: string): Key | null {
  const key = verifyingKey(secret);
  return 'fault' in key ? null : { ...key, secret };
}

function parseCandidates(signatures: string): Candidate[] {
  const candidates: Candidate[] = [];
  for (const part of signatures.split(' ')) {
    const comma = part.indexOf(',');
    const version = part.slice(0, comma);
    if (version !== 'v1' && version !== 'v1a') continue;
    const signature = decodeBase64(part.slice(comma + 1));
    if (signature?.length === SIGNATURE_BYTES[version]) candidates.push({ version, signature });
  }
  return candidates;
}

function hasSigned(
  { version, key }: StandardKey,
  all: readonly Candidate[],
  sent: StandardHeaders,
  body: Uint8Array,
): boolean {
  const candidates = all.filter((candidate) => candidate.version === version).slice(0, MAX_TRIED[version]);
  if (candidates.length === 0) return false;
  const prefix = signedBefore(sent);
  if (version === 'v1a') {
    const content = Buffer.concat([Buffer.from(prefix), body]);
    return candidates.some(({ signature }) => verifyEd25519(null, content, key, signature));
  }
  const digest = createHmac('sha256', key).update(prefix).update(body).digest();
  return candidates.some(({ signature }) => timingSafeEqual(signature, digest));
}

function signedBefore({ id, timestamp }: StandardHeaders): string {
  return `${id}.${timestamp}.`;
}

function diagnose({ body, headers }: Delivery, keys: RotatingKeys<Key>): Diagnosis | null {
  const sent = standardHeaders(headers);
  if (sent === null) return null;
  const candidates = parseCandidates(sent.signatures);
  const claimed = claimedDigests(sent.signatures);
  const inHex = claimed.filter(({ encoding }) => encoding === 'hex');
  const usable = keys.usable().map(({ key }) => key);
  const expired = keys.expired();
  const symmetric = usable.filter(({ version }) => version === 'v1');
  const claimedBy = (claims: typeof claimed, key: Key['key'], hash: HashName = 'sha256'): boolean =>
    claimsHmac(claims, hash, key, signedBefore(sent), body);

  return firstMistake({ body }, [
    ['hex_for_base64', () => symmetric.some(({ key }) => claimedBy(inHex, key))],
    ['previous_secret', () => expired !== null && hasSigned(expired, candidates, sent, body)],
    ...bodySuspicions(body, (variant) => usable.some((key) => hasSigned(key, candidates, sent, variant))),
    [
      'undecoded_secret',
      () =>
        symmetric
          .flatMap(({ secret }) => [secret, hiddenPart(secret) ?? ''])
          .some((text) => claimedBy(claimed, createSecretKey(text, 'utf8'))),
    ],
    [
      'wrong_algorithm',
      () => symmetric.some(({ key }) => claimedBy(claimed, key, 'sha1') || claimedBy(claimed, key, 'sha512')),
    ],
  ]);
}
