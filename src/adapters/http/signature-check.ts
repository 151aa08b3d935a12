import type { IngestMessage } from '../../application/ingest-message.ts';
import type { Provider } from '../../domain/provider.ts';
import { readBody } from './body.ts';
import { Problem } from './problem.ts';
import type { RateLimits } from './rate-limits.ts';
import { requireSignature } from './security.ts';
import type { Visit } from './visit.ts';

/**
 * Bodies that are read and verified whatever else has come from the address. Behind a proxy that is not named, or in one
 * network, forgers share an address with the sender. Holds the longest message of POST /webhook, however its text is escaped.
 */
const ALWAYS_VERIFIED_BYTES = 65_536;

/**
 * What a signature scheme of the contract asks for: bytes within the limit, and a right signature over them. An address
 * with too many wrong ones gets 429 for those, and for larger bodies, of which it is read no more; never for a right
 * signature on an ordinary body. Throws the Problem.
 */
export function signatureCheck(
  ingest: IngestMessage,
  limits: RateLimits,
  maxBodyBytes: number,
): (provider: Provider) => (visit: Visit) => Promise<void> {
  async function readBounded(visit: Visit): Promise<Buffer> {
    const wait = maxBodyBytes > ALWAYS_VERIFIED_BYTES ? await limits.badSignatures.wait(visit) : null;
    if (wait === null) return readBody(visit.ctx.req, maxBodyBytes, visit.share);
    return readBody(visit.ctx.req, ALWAYS_VERIFIED_BYTES, visit.share, () =>
      limits.badSignatures.refusal(visit, wait, { Connection: 'close' }),
    );
  }

  return (provider) => async (visit) => {
    visit.provider = provider;
    visit.body = await readBounded(visit);
    try {
      visit.proof = requireSignature(ingest, provider, visit.ctx.req, visit.body, (refusal) => {
        visit.refusal = refusal;
        visit.log['signature_failure'] = refusal.reason;
      });
    } catch (error) {
      if (error instanceof Problem && error.kind === 'invalid-signature') await limits.badSignatures.count(visit);
      throw error;
    }
    await limits.webhooks.count(visit);
  };
}
