import type { Delivery, SignatureVerdict } from '../../../domain/delivery.ts';
import { provider as named } from '../../../domain/provider.ts';
import type { Outcome } from '../outcome.ts';
import { EXIT_FAULT, UsageError } from '../run-command.ts';
import { examine, type Mistake } from '../../providers/examine.ts';
import { descriptorOf, type ProviderName } from '../../providers/registry.ts';
import { signatureSchemes } from '../../providers/signature-schemes.ts';
import type { CommandDependencies } from '../dependencies.ts';
import type { Settings } from '../settings.ts';
import { readInput } from '../streams.ts';
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
  { settings, clock }: CommandDependencies,
  file: string | undefined,
  options: VerifyOptions,
): Promise<Outcome> {
  const { provider } = options;
  if (options.target?.startsWith('/') === false) throw new UsageError('--target begins with /');
  const config = settings();
  const scheme = signatureSchemes(config.providers, { clock, publicUrl: config.publicUrl }).get(named(provider));
  if (scheme === undefined) throw new Error(`no signature scheme for ${provider}`);
  const delivery = { body: await readInput(file), ...called(options, config) };

  const { verdict, mistake } = examine(scheme, delivery);
  const words = explain(provider, verdict, mistake, config);
  return {
    result: resultOf(provider, verdict, mistake),
    words,
    failure: verdict.valid ? undefined : { status: EXIT_FAULT, message: words[0] ?? 'not valid' },
  };
}

function called({ provider, header, url, target }: VerifyOptions, config: Settings): Omit<Delivery, 'body'> {
  const { path, signature } = descriptorOf(provider);
  const headers: Record<string, string> = {};
  for (const [name, value] of header)
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name] ?? ''}, ${value}` : value;
  if (url !== undefined) {
    const { host, pathname, search } = new URL(webhookUrl(url, path));
    return { headers: { host, ...headers }, target: target ?? `${pathname}${search}` };
  }
  // Only a scheme that covers the address needs to know where the service listens.
  const unnamed = signature.covers === 'address' && config.publicUrl === undefined && headers['host'] === undefined;
  if (unnamed) headers['host'] = new URL(localOrigin(config)).host;
  return { headers, target: target ?? path };
}

function resultOf(provider: ProviderName, verdict: SignatureVerdict, mistake: Mistake | null): Outcome['result'] {
  if (verdict.valid) {
    const { secret, deliveryId } = verdict;
    return { valid: true, provider, secret, variable: secretVariable(provider, secret), deliveryId };
  }
  const { reason, detail, deltaSeconds } = verdict;
  const { name: diagnosis, advice } = mistake ?? { name: null, advice: null };
  return { valid: false, provider, reason, detail, deltaSeconds, diagnosis, advice };
}
