import type { MessageId, Msisdn } from '../../domain/message.ts';
import type { ProviderDescriptor } from './descriptor.ts';
import type { ProviderSettings } from './settings.ts';
import { standard } from './standard/provider.ts';
import { twilio } from './twilio/provider.ts';
import { webhook } from './webhook/provider.ts';
import { whatsapp } from './whatsapp/provider.ts';

/** Every provider by its name, in the order in which people see them. */
export const PROVIDERS = {
  webhook,
  whatsapp,
  standard,
  twilio,
} as const satisfies Readonly<Record<string, ProviderDescriptor>>;

export type ProviderName = keyof typeof PROVIDERS;

export const PROVIDER_NAMES = Object.keys(PROVIDERS) as readonly ProviderName[];

/** The configured values of every provider. */
export type ProvidersSettings = {
  readonly [N in ProviderName]: ProviderSettings<(typeof PROVIDERS)[N]['settings']>;
};

/** Whether a provider has a secret that signs; Twilio may have only those of other accounts or of Webhook Rules. */
export function isEnabled(name: ProviderName, { secrets, options }: ProviderSettings): boolean {
  if (secrets.current !== undefined) return true;
  return Object.entries(descriptorOf(name).settings).some(
    ([key, { kind }]) => (kind === 'secrets' || kind === 'keys') && Object.keys(options[key] ?? {}).length > 0,
  );
}

/** The descriptor of a provider, for callers that treat all providers alike. */
export function descriptorOf(name: ProviderName): ProviderDescriptor {
  return PROVIDERS[name];
}

/** Whether a message id of any provider contains the number of its sender or recipient. */
export function idNames(messageId: MessageId, number: Msisdn): boolean {
  return PROVIDER_NAMES.some((name) => descriptorOf(name).idNames?.(messageId, number) === true);
}
