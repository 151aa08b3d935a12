import type { ProvidersSettings } from '../providers/registry.ts';

/** The part of the configuration that commands read. */
export interface Settings {
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly readApiKeys: readonly string[];
  readonly providers: ProvidersSettings;
  /** What the configuration contains without an effect, in sentences. */
  readonly remarks: readonly string[];
}

/** The configuration is not valid. The message lists every error; a command exits with status 78. */
export class ConfigError extends Error {
  /** Without the errors. */
  readonly summary = 'the configuration is not valid';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`the configuration is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
