import type { Provider } from '../../domain/provider.ts';
import type { SignatureScheme } from '../signature/diagnosis/diagnosis.ts';
import type { ProviderSecrets } from '../signature/secrets.ts';
import type { ProviderName } from './providers.ts';

/** The part of the configuration that commands read. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly readApiKeys: readonly string[];
  readonly standardWebhookToleranceSeconds: number;
  readonly whatsAppVerifyToken: string | undefined;
  readonly secrets: Readonly<Record<ProviderName, ProviderSecrets>>;
  readonly schemes: ReadonlyMap<Provider, SignatureScheme>;
}

/** The configuration is not valid. The message names every fault; a command ends with status 78. */
export class ConfigError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
