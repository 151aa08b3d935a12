import type { Delivery } from '../../../domain/delivery.ts';

/** One sentence for people about each common mistake: what was found, and how to fix it. */
export const DIAGNOSES = {
  base64_for_hex: 'The digest is right but written in base64: write it in hexadecimal.',
  hex_for_base64: 'The digest is right but written in hexadecimal: write it in base64.',
  other_header:
    'The signature is right but in another header: send it in the one that this provider is documented with.',
  previous_secret: 'The sender signs with the previous secret, which has expired: give it the current one.',
  trailing_newline:
    'The signature fits the body with a line break more or less at its end: sign the bytes that are sent.',
  reencoded_json:
    'The signature fits the same JSON written differently: serialise once, sign those bytes and send the same ones.',
  undecoded_secret:
    'The secret was used as text: what follows whsec_ is base64, and the key is the bytes that it decodes to.',
  wrong_algorithm: 'The signature was made with another hash function: use HMAC with the one that the scheme names.',
  unknown_shared_key:
    'A Webhook Rule signs with a shared key that this service does not have: set TWILIO_SHARED_KEYS to its id and its secret.',
  other_url:
    'The signature fits another address of this service: set the public URL to the one configured at the provider.',
} as const;

/** The usual mistake that explains why a delivery was refused. */
export type Diagnosis = keyof typeof DIAGNOSES;

/** A mistake, and whether the delivery would be right if that one had been made. */
export type Suspicion = readonly [mistake: Diagnosis, explains: () => boolean];

const MAX_BODY_BYTES = 16 * 1024;

/** Returns the first mistake that explains the delivery. A suspicion that throws, for example on a body that is not JSON, does not count. */
export function firstMistake({ body }: Pick<Delivery, 'body'>, suspicions: readonly Suspicion[]): Diagnosis | null {
  if (body.length > MAX_BODY_BYTES) return null;
  for (const [mistake, explains] of suspicions) {
    try {
      if (explains()) return mistake;
    } catch {
      // The next one may still explain it.
    }
  }
  return null;
}
