import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { IngestMessage } from '../../application/ingest-message.ts';
import { VerifiedDelivery } from '../../domain/delivery.ts';
import { Problem } from './problem.ts';

/** The proof that the body was signed. Throws a Problem: 503 without a secret, else 401 that does not say why. */
export function requireSignature(
  ingest: IngestMessage,
  request: IncomingMessage,
  body: Uint8Array,
  onRefused: (reason: string) => void,
): VerifiedDelivery {
  const result = ingest.authenticate({ body, headers: singleValues(request.headers) });
  if (result instanceof VerifiedDelivery) return result;
  onRefused(result);
  if (result === 'no_secret_configured') {
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

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** Node joins repeated headers by itself, but for `set-cookie`, which no request has any business to hold. */
function singleValues(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  if (headers['set-cookie'] === undefined) return headers as Record<string, string | undefined>;
  return { ...headers, 'set-cookie': headers['set-cookie'].join(',') };
}
