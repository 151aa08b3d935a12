import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import { VerifiedDelivery, type SignatureRefusal } from '../../../domain/delivery.ts';
import { provider, type Provider } from '../../../domain/provider.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../providers/registry.ts';
import { Problem } from '../middleware/problem.ts';

/** The provider whose signatures each security scheme of the contract checks. */
export const SIGNATURE_SCHEMES: Readonly<Record<string, Provider>> = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [descriptorOf(name).securityScheme, provider(name)]),
);

/** The proof that the body was signed. Throws a Problem: 503 without a secret, else 401 that does not say why. */
export function requireSignature(
  ingest: IngestMessage,
  provider: Provider,
  request: IncomingMessage,
  body: Uint8Array,
  onRefused: (refusal: SignatureRefusal) => void,
): VerifiedDelivery {
  const delivery = { body, headers: singleValues(request.headers), target: request.url ?? '/' };
  const result = ingest.authenticate(provider, delivery);
  if (result instanceof VerifiedDelivery) return result;
  onRefused(result);
  if (result.reason === 'no_secret_configured') {
    throw new Problem('unavailable', { detail: 'no webhook secret is configured', headers: { 'Retry-After': '60' } });
  }
  throw new Problem('invalid-signature');
}

/**
 * Checks `Authorization: Bearer` against the read keys; with none configured, reading is open. Keys are compared as
 * digests, each in constant time and all of them always, so that the time tells nothing about any key.
 */
export function readKeyCheck(keys: readonly string[]): (authorization: string | undefined) => void {
  const digests = keys.map(digest);
  return (authorization) => {
    if (digests.length === 0) return;
    const token = digest(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    const matches = digests.filter((key) => timingSafeEqual(key, token));
    if (matches.length === 0) {
      throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer realm="webhook-inbox"' } });
    }
  };
}

/** Whether a word is the secret one, in a time that does not depend on where they differ. */
export function isSecret(word: string, secret: string): boolean {
  return timingSafeEqual(digest(word), digest(secret));
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Node joins repeated headers by itself, but for `set-cookie`, which requests must not have. */
export function singleValues(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string | undefined>;
  return { ...headers, 'set-cookie': headers['set-cookie'].join(',') };
}
