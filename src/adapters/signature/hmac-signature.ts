import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SignatureVerifier } from '../../application/ports.ts';
import type { SecretGeneration, SignatureVerdict } from '../../domain/delivery.ts';

const HEADER = 'x-signature';
const SIGNATURE = /^(?:sha256=)?([0-9a-f]{64})$/i;
/** More than any sender needs during a rotation; a bound, because every candidate costs a comparison. */
const MAX_SIGNATURES = 8;

/**
 * Checks `X-Signature`: the hexadecimal HMAC-SHA256 of the raw body, in either case, optionally prefixed by `sha256=`,
 * several separated by commas. One that any of the secrets made is enough. (The scheme of the service's first callers;
 * the digest is RFC 2104 over FIPS 180-4.)
 */
export function hmacSignature(secrets: {
  readonly current: string | undefined;
  readonly previous: string | undefined;
}): SignatureVerifier {
  const keys: { generation: SecretGeneration; secret: string }[] = [];
  if (secrets.current) keys.push({ generation: 'current', secret: secrets.current });
  // A previous secret alone would mean that somebody emptied the current one by mistake: nothing is accepted then.
  if (secrets.current && secrets.previous) keys.push({ generation: 'previous', secret: secrets.previous });

  return {
    configured: keys.length > 0,
    verify(delivery) {
      if (keys.length === 0) return refused('no_secret_configured');
      const header = delivery.headers[HEADER];
      if (header === undefined || header.trim() === '') return refused('missing_header');
      const candidates = parseCandidates(header);
      if (candidates.length === 0) return refused('malformed_signature');
      for (const { generation, secret } of keys) {
        const digest = createHmac('sha256', secret).update(delivery.body).digest();
        if (candidates.some((candidate) => timingSafeEqual(candidate, digest)))
          return { valid: true, secret: generation };
      }
      return refused('wrong_digest');
    },
  };
}

/** The hexadecimal signature that {@link hmacSignature} accepts for this body. */
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

function refused(reason: Extract<SignatureVerdict, { valid: false }>['reason']): SignatureVerdict {
  return { valid: false, reason };
}
