import { descriptorOf, PROVIDER_NAMES, type ProviderName } from '../../providers/registry.ts';
import type { Outcome } from '../outcome.ts';
import { UsageError } from '../run-command.ts';
import type { CommandDependencies } from '../dependencies.ts';
import type { Settings } from '../settings.ts';
import { readInput, requireOpenStdout } from '../streams.ts';
import { localOrigin, signedUrl, webhookUrl } from '../service-url.ts';
import { signer } from '../signing.ts';
import { curlCommand } from './curl.ts';

export interface SignOptions {
  readonly provider: ProviderName;
  readonly id?: string;
  readonly timestamp?: number;
  readonly url?: string;
  readonly curl?: boolean;
  readonly json?: boolean;
}

export async function sign(
  { settings, clock }: CommandDependencies,
  file: string | undefined,
  options: SignOptions,
): Promise<Outcome> {
  const { provider, id, timestamp: timestampSeconds, curl = false, json = false } = options;
  if (curl && json) throw new UsageError('--curl and --json exclude each other');
  if (!signsIdAndTime(provider) && (id ?? timestampSeconds) !== undefined) {
    const names = PROVIDER_NAMES.filter(signsIdAndTime).join(' or ');
    throw new UsageError(`--id and --timestamp are for --provider ${names}`);
  }
  if (id !== undefined && !/^[\x21-\x7e]+$/.test(id)) throw new UsageError('--id takes visible ASCII characters');
  requireOpenStdout();
  const config = settings();
  const signs = signer(provider, config, clock);
  const { sentTo, signed } = urls(options, config);
  const body = await readInput(file);
  const signature = signs({ body, url: signed, id, timestampSeconds });

  const headers = { 'Content-Type': descriptorOf(provider).mediaTypes[0], ...signature };
  const lines = Object.entries(signature).map(([name, value]) => `${name}: ${value}`);
  return {
    result: { provider, method: 'POST', url: sentTo, headers },
    words: curl ? [curlCommand(sentTo, headers, file, body)] : lines,
  };
}

function signsIdAndTime(provider: ProviderName): boolean {
  return descriptorOf(provider).signature.covers === 'id-and-time';
}

/** A given address is the one that Twilio calls. Without it, Twilio calls the service under its public address. */
function urls({ url, provider }: SignOptions, config: Settings): { sentTo: string; signed: string } {
  const { path } = descriptorOf(provider);
  if (url !== undefined) {
    const given = webhookUrl(url, path);
    return { sentTo: given, signed: given };
  }
  const sentTo = webhookUrl(localOrigin(config), path);
  return { sentTo, signed: signedUrl(sentTo, config.publicUrl) };
}
