import { provider, type Provider } from '../../domain/provider.ts';
import type { SignatureScheme } from '../signature/scheme.ts';
import type { SchemeContext } from './descriptor.ts';
import { descriptorOf, PROVIDER_NAMES, type ProvidersSettings } from './registry.ts';

/** Creates the verifiers for the deliveries of each provider. A provider without a secret is included, and disabled. */
export function signatureSchemes(
  settings: ProvidersSettings,
  context: SchemeContext,
): ReadonlyMap<Provider, SignatureScheme> {
  return new Map(PROVIDER_NAMES.map((name) => [provider(name), descriptorOf(name).scheme(settings[name], context)]));
}
