import type { IngestMessage } from '../../../application/ingest/ingest-message.ts';
import { provider, type Provider } from '../../../domain/provider.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../providers/registry.ts';
import type { RequestContext } from '../middleware/request-context.ts';
import type { RateLimits } from './rate-limits.ts';
import { readCheck } from './read-check.ts';
import { signatureCheck } from './signature-check.ts';

/** The provider whose signatures each security scheme of the contract checks. */
const SIGNATURE_SCHEMES: Readonly<Record<string, Provider>> = Object.fromEntries(
  PROVIDER_NAMES.map((name) => [descriptorOf(name).securityScheme, provider(name)]),
);

/** Throws the Problem that answers a request without the right to be served. */
export type SecurityCheck = (request: RequestContext) => Promise<void>;

/** The check of each security scheme of the contract, by the scheme's name. */
export type SecurityChecks = ReadonlyMap<string, SecurityCheck>;

export function securityChecks(
  ingest: IngestMessage,
  limits: RateLimits,
  options: { readonly maxBodyBytes: number; readonly readApiKeys: readonly string[] },
): SecurityChecks {
  const signed = signatureCheck(ingest, limits, options.maxBodyBytes);
  return new Map([
    ...Object.entries(SIGNATURE_SCHEMES).map(([scheme, provider]) => [scheme, signed(provider)] as const),
    ['readKey', readCheck(options.readApiKeys, limits)] as const,
  ]);
}
