import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import type { Provider } from '../../../domain/provider.ts';
import { readBody } from '../body/read.ts';
import { Problem } from '../middleware/problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { requireSignature } from './security.ts';
import type { RequestContext } from '../middleware/request-context.ts';

/**
 * What a signature scheme of the contract asks for: bytes within the limit, and a right signature over them. An address
 * with too many wrong ones gets 429 for those instead of 401, never for a right one: whatever else has come from it, every body is
 * read and verified, for forgers may share the address with the sender (docs/adr/0012). Throws the Problem.
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
        // Any stranger can have this said, so it must not count as a failure of the service.
        if (refusal.reason === 'no_secret_configured') request.result = refusal.reason;
      });
    } catch (error) {
      if (error instanceof Problem && error.kind === 'invalid-signature') await limits.badSignatures.count(request);
      throw error;
    }
    await limits.webhooks.count(request);
  };
}
