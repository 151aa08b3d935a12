import type { SecretGeneration, SignatureRefusal, SignatureVerdict } from '../../../domain/delivery.ts';
import type { Mistake } from '../../providers/examine.ts';
import { descriptorOf, type ProviderName } from '../../providers/registry.ts';
import type { ProviderSettings } from '../../providers/settings.ts';
import type { Settings } from '../settings.ts';

/** The setting that contains this secret. */
export function secretVariable(provider: ProviderName, secret: SecretGeneration): string {
  return `${descriptorOf(provider).secret.name}${secret === 'previous' ? '_PREVIOUS' : ''}`;
}

/** Explains a verdict to people: the reason and the fix. */
export function explain(
  provider: ProviderName,
  verdict: SignatureVerdict,
  mistake: Mistake | null,
  config: Settings,
): string[] {
  if (verdict.valid) return [`valid: signed with ${secretVariable(provider, verdict.secret)}`];
  return [
    `not valid: ${verdict.reason}: ${why(provider, verdict, config)}`,
    ...(mistake === null ? [] : [`diagnosis: ${mistake.name}: ${mistake.advice}`]),
  ];
}

function why(provider: ProviderName, { reason, detail, deltaSeconds = 0 }: SignatureRefusal, config: Settings): string {
  const { secret, settings, signature } = descriptorOf(provider);
  const variable = secret.name;
  const headers = signature.headers.join(', ');
  switch (reason) {
    case 'no_secret_configured':
      return `${variable} is not set, so that the service answers with 503.`;
    case 'missing_header':
      return `give ${headers} with --header.`;
    case 'malformed_signature':
      return `${headers} cannot be read as this provider writes it.`;
    case 'wrong_digest':
      if (detail !== undefined) return `the digest is right, but it does not cover this delivery: ${detail}.`;
      return `no secret in ${variable} or ${variable}_PREVIOUS makes this signature of these bytes.`;
    case 'stale_timestamp': {
      const options: ProviderSettings['options'] = config.providers[provider].options;
      return (
        `the signature is right, but made for a time ${String(Math.abs(deltaSeconds))} s ` +
        `${deltaSeconds < 0 ? 'ago' : 'ahead'}, and at most ${String(Number(options['toleranceSeconds']))} s ` +
        `are allowed (${settings['toleranceSeconds']?.name ?? ''}): look at the clocks of both sides, or at what held it up.`
      );
    }
  }
}
