import type { IncomingMessage } from 'node:http';
import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import { VerifiedDelivery, type SignatureRefusal } from '../../../domain/delivery.ts';
import type { Provider } from '../../../domain/provider.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../providers/registry.ts';
import { readBody } from '../body/read.ts';
import { Problem } from '../problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { singleValues } from './single-values.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/** The header with the signature itself, by provider; some providers send an id and a time beside it. */
const SIGNATURE_HEADERS: ReadonlyMap<string, string | undefined> = new Map(
  PROVIDER_NAMES.map((name) => [
    name,
    descriptorOf(name).signature.headers.find((header) => /signature/i.test(header)),
  ]),
);

/**
 * The check of a signature scheme: reads the raw body within its limit and verifies the signature over it. An address with
 * too many wrong signatures gets 429 for those instead of 401, but never for a right one: every body is read and verified,
 * because forgers may share the address with the sender (docs/adr/0012). Throws the Problem.
 */
export function signatureCheck(
  ingest: IngestMessage,
  limits: RateLimits,
  maxBodyBytes: number,
): (provider: Provider) => (request: RequestContext) => Promise<void> {
  return (provider) => async (request) => {
    request.provider = provider;
    request.body = await readBody(request.ctx.req, maxBodyBytes, request.share);
    try {
      request.proof = requireSignature(ingest, provider, request.ctx.req, request.body, (refusal) => {
        request.refusal = refusal;
        request.log['signature_failure'] = refusal.reason;
        // Any stranger can cause this, so it must not count as a failure of the service.
        if (refusal.reason === 'no_secret_configured') request.result = refusal.reason;
      });
    } catch (error) {
      if (error instanceof Problem && error.kind === 'invalid-signature') await limits.badSignatures.count(request);
      throw error;
    }
    await limits.webhooks.count(request);
  };
}

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
  throw new Problem('invalid-signature', { headers: { 'WWW-Authenticate': challenge(provider) } });
}

/** How to authenticate, which a 401 must say (RFC 9110, section 11.6.1). No registered scheme means a signature of the body. */
function challenge(provider: Provider): string {
  return `Signature realm="webhook-inbox", header="${SIGNATURE_HEADERS.get(provider) ?? ''}"`;
}
