import { DIAGNOSES, type Diagnosis } from '../../signature/diagnosis/diagnosis.ts';
import type { SecretGeneration, SignatureRefusal, SignatureVerdict } from '../../../domain/delivery.ts';
import { PROVIDERS, type ProviderName } from '../providers.ts';
import type { Settings } from '../settings.ts';

/** The setting that holds this secret. */
export function secretVariable(provider: ProviderName, secret: SecretGeneration): string {
  return `${PROVIDERS[provider].variable}${secret === 'previous' ? '_PREVIOUS' : ''}`;
}

/** A verdict for people: why, and what to do. */
export function explain(
  provider: ProviderName,
  verdict: SignatureVerdict,
  diagnosis: Diagnosis | null,
  config: Settings,
): string[] {
  if (verdict.valid) return [`valid: signed with ${secretVariable(provider, verdict.secret)}`];
  return [
    `not valid: ${verdict.reason}: ${why(provider, verdict, config)}`,
    ...(diagnosis === null ? [] : [`diagnosis: ${diagnosis}: ${DIAGNOSES[diagnosis]}`]),
  ];
}

function why(provider: ProviderName, { reason, deltaSeconds = 0 }: SignatureRefusal, config: Settings): string {
  const { variable, headers } = PROVIDERS[provider];
  switch (reason) {
    case 'no_secret_configured':
      return `${variable} is not set, so that the service answers with 503.`;
    case 'missing_header':
      return `give ${headers.join(', ')} with --header.`;
    case 'malformed_signature':
      return `${headers.join(', ')} cannot be read as this provider writes it.`;
    case 'wrong_digest':
      return `no secret in ${variable} or ${variable}_PREVIOUS makes this signature of these bytes.`;
    case 'stale_timestamp':
      return (
        `the signature is right, but made for a time ${String(Math.abs(deltaSeconds))} s ` +
        `${deltaSeconds < 0 ? 'ago' : 'ahead'}, and at most ${String(config.standardWebhookToleranceSeconds)} s ` +
        'are allowed (STANDARD_WEBHOOK_TOLERANCE_SECONDS): look at the clocks of both sides, or at what held it up.'
      );
  }
}
