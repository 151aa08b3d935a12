import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import type { Provider } from '../../../domain/provider.ts';
import { readBody } from '../body/read-body.ts';
import { Problem } from '../middleware/problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { requireSignature } from './security.ts';
import type { Visit } from '../middleware/request-context.ts';

/**
 * What a signature scheme of the contract asks for: bytes within the limit, and a right signature over them. An address
 * with too many wrong ones gets 429 for those instead of 401, never for a right one: whatever else has come from it, every body is
 * read and verified, for forgers may share the address with the sender (docs/adr/0012). Throws the Problem.
 */
export function signatureCheck(
  ingest: IngestMessage,
  limits: RateLimits,
  maxBodyBytes: number,
): (provider: Provider) => (visit: Visit) => Promise<void> {
  return (provider) => async (visit) => {
    visit.provider = provider;
    visit.body = await readBody(visit.ctx.req, maxBodyBytes, visit.share);
    try {
      visit.proof = requireSignature(ingest, provider, visit.ctx.req, visit.body, (refusal) => {
        visit.refusal = refusal;
        visit.log['signature_failure'] = refusal.reason;
        // Any stranger can have this said, so it must not count as a failure of the service.
        if (refusal.reason === 'no_secret_configured') visit.result = refusal.reason;
      });
    } catch (error) {
      if (error instanceof Problem && error.kind === 'invalid-signature') await limits.badSignatures.count(visit);
      throw error;
    }
    await limits.webhooks.count(visit);
  };
}
