import type { ProviderName } from '../../src/adapters/providers/registry.ts';

/** Two secrets that a provider may have, for tests. */
export interface SecretPair {
  readonly current: string;
  readonly previous: string;
}

const STANDARD: SecretPair = {
  current: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  previous: 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD',
};

/** Secrets in the form that the provider requires; any text for the others. */
export function secretOf(provider: ProviderName): SecretPair {
  return provider === 'standard'
    ? STANDARD
    : { current: `the-test-secret-of-${provider}`, previous: `the-test-secret-before-of-${provider}` };
}
