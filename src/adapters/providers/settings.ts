import type { ProviderSecrets } from '../signature/secrets.ts';

/**
 * The variable of the secret that a provider signs with. The configuration derives two more from its name: `…_PREVIOUS`
 * and `…_PREVIOUS_EXPIRES_AT`.
 */
export interface SecretVariable {
  readonly name: string;
  /** One sentence for `--help`. */
  readonly help: string;
  /** What is wrong with a value, as the end of a sentence that does not repeat it; null if nothing is. By default any text is accepted. */
  readonly faultOf?: (value: string) => string | null;
  /** The part of a valid value that must be hard to guess; null for a public key. By default the whole value. */
  readonly hidden?: (value: string) => string | null;
}

/**
 * A variable that a provider needs besides its secret. The configuration parses it by its kind: `secrets` are separated by commas, `keys`
 * are pairs `id:secret`, separated by commas.
 */
export type Setting =
  | { readonly kind: 'secret'; readonly name: string; readonly help: string }
  | { readonly kind: 'secrets'; readonly name: string; readonly help: string }
  | { readonly kind: 'keys'; readonly name: string; readonly help: string }
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

interface SettingValues {
  readonly secret: string | undefined;
  readonly secrets: readonly string[];
  readonly keys: Readonly<Record<string, string>>;
  readonly integer: number;
}

type SettingValue<T extends Setting> = SettingValues[T['kind']];

/** The configured values of a provider. */
export interface ProviderSettings<S extends Settings = Settings> {
  readonly secrets: ProviderSecrets;
  readonly options: { readonly [K in keyof S]: SettingValue<S[K]> };
}
