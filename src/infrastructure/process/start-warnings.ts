import { descriptorOf, isEnabled, PROVIDER_NAMES, type ProviderName } from '../../adapters/providers/registry.ts';
import type { Logger } from '../../application/ports/telemetry.ts';
import type { Config } from '../config/config.ts';
import { isLoopback } from '../listener.ts';

/** The providers whose webhooks are accepted, because they have a secret. */
export function servedProviders({ providers }: Pick<Config, 'providers'>): ProviderName[] {
  return PROVIDER_NAMES.filter((name) => isEnabled(name, providers[name]));
}

/**
 * Logs what an operator may not have meant: a service that accepts no webhooks, or not those of its own form, and messages that strangers
 * can read. Other providers without a secret are usual.
 */
export function warnAtStart(config: Pick<Config, 'providers' | 'readApiKeys'>, address: string, logger: Logger): void {
  const served = servedProviders(config);
  const refused = PROVIDER_NAMES.filter((name) => !served.includes(name));
  const secrets = refused.map((name) => descriptorOf(name).secret.name).join(', ');
  if (served.length === 0) {
    logger.warn(`no webhook secret: every webhook gets 503 until one of ${secrets} is set`);
  } else if (refused.includes('webhook')) {
    const paths = refused.map((name) => descriptorOf(name).path).join(', ');
    logger.warn(`webhooks at ${paths} get 503 until their secrets are set (${secrets}); served: ${served.join(', ')}`);
  }
  if (config.readApiKeys.length === 0 && !isLoopback(address)) {
    logger.warn('anyone who reaches this address can read the messages: set READ_API_KEYS', { host: address });
  }
}
