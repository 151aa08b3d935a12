import { DIAGNOSES, type Diagnosis } from '../../signature/diagnosis/diagnosis.ts';
import type { Delivery, SignatureVerdict } from '../../../domain/delivery.ts';
import { provider as named } from '../../../domain/provider.ts';
import { EXIT_FAULT, jsonLine, say, UsageError } from '../run-command.ts';
import type { CommandDependencies } from '../dependencies.ts';
import type { Settings } from '../settings.ts';
import { readInput } from '../input.ts';
import { PROVIDERS, type ProviderName } from '../providers.ts';
import { localOrigin, webhookUrl } from '../service-url.ts';
import { explain, secretVariable } from './explain.ts';

export interface VerifyOptions {
  readonly provider: ProviderName;
  /** Names in lower case. */
  readonly header: readonly (readonly [name: string, value: string])[];
  readonly url?: string;
  readonly target?: string;
  readonly json?: boolean;
}

export async function verify(
  { settings }: CommandDependencies,
  file: string | undefined,
  options: VerifyOptions,
): Promise<number> {
  const { provider, json = false } = options;
  if (options.target?.startsWith('/') === false) throw new UsageError('--target begins with /');
  const config = await settings();
  const scheme = config.schemes.get(named(provider));
  if (scheme === undefined) throw new Error(`no signature scheme for ${provider}`);
  const delivery = { body: await readInput(file), ...called(options, config) };

  const verdict = scheme.verify(delivery);
  const diagnosis = verdict.valid ? null : scheme.diagnose(delivery);
  say(json ? [asJson(provider, verdict, diagnosis)] : explain(provider, verdict, diagnosis, config));
  return verdict.valid ? 0 : EXIT_FAULT;
}

function called({ provider, header, url, target }: VerifyOptions, config: Settings): Omit<Delivery, 'body'> {
  const { path } = PROVIDERS[provider];
  const headers: Record<string, string> = {};
  for (const [name, value] of header)
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name] ?? ''}, ${value}` : value;
  if (url !== undefined) {
    const { host, pathname, search } = new URL(webhookUrl(url, path));
    return { headers: { host, ...headers }, target: target ?? `${pathname}${search}` };
  }
  // Only Twilio signs the address, so only its scheme needs to know where a service listens that was not named.
  const unnamed = provider === 'twilio' && config.publicUrl === undefined && headers['host'] === undefined;
  if (unnamed) headers['host'] = new URL(localOrigin(config)).host;
  return { headers, target: target ?? path };
}

function asJson(provider: ProviderName, verdict: SignatureVerdict, diagnosis: Diagnosis | null): string {
  if (verdict.valid) {
    const { secret, deliveryId } = verdict;
    return jsonLine({ valid: true, provider, secret, variable: secretVariable(provider, secret), deliveryId });
  }
  const { reason, deltaSeconds } = verdict;
  const advice = diagnosis === null ? null : DIAGNOSES[diagnosis];
  return jsonLine({ valid: false, provider, reason, deltaSeconds, diagnosis, advice });
}
