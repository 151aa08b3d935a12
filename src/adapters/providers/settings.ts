import type { ProviderSecrets } from '../signature/secrets.ts';

/**
 * The variable of the secret that a provider signs with. The configuration derives two more from its name: `…_PREVIOUS`
 * and `…_PREVIOUS_EXPIRES_AT`.
 */
export interface SecretVariable {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly help: string;
  /** What a value must look like. By default any text is accepted. */
  readonly format?: { readonly isValid: (value: string) => boolean; readonly mustBe: string };
  /** The part of a valid value that must be hard to guess; null for a public key. By default the whole value. */
  readonly hidden?: (value: string) => string | null;
}

/** A variable that a provider needs besides its secret. The configuration parses it by its kind. */
export type Setting =
  | { readonly kind: 'secret'; readonly name: string; readonly help: string }
  | {
      readonly kind: 'integer';
      readonly name: string;
      readonly help: string;
      readonly fallback: number;
      readonly min: number;
      readonly max: number;
    };

/** Settings by the key under which a provider reads them. */
export type Settings = Readonly<Record<string, Setting>>;

type SettingValue<T extends Setting> = T extends { readonly kind: 'integer' } ? number : string | undefined;

/** The configured values of a provider. */
export interface ProviderSettings<S extends Settings = Settings> {
  readonly secrets: ProviderSecrets;
  readonly options: { readonly [K in keyof S]: SettingValue<S[K]> };
}
