import { PROVIDER_NAMES, descriptorOf, type ProviderName } from '../../adapters/providers/registry.ts';
import type { SecretVariable, Setting } from '../../adapters/providers/settings.ts';
import { integer, keyPairs, optional, optionalInstant, secretList } from './parsers.ts';
import type { Variable } from './variable.ts';

/** Variables by the key under which their values are read. */
type Variables = Readonly<Record<string, Variable<unknown>>>;

/** The variables of one provider, by the keys of its `ProviderSettings`. */
export interface ProviderVariables {
  readonly name: ProviderName;
  readonly secrets: Variables;
  readonly options: Variables;
}

/** The variables of every provider, in the order in which they are listed for people. */
export const PROVIDER_VARIABLES: readonly ProviderVariables[] = PROVIDER_NAMES.map((name) => {
  const { secret, settings } = descriptorOf(name);
  const options = Object.entries(settings).map(([key, setting]) => [key, variableOf(setting)] as const);
  return { name, secrets: secretVariables(secret), options: Object.fromEntries(options) };
});

function secretVariables({ name, help, faultOf }: SecretVariable): Variables {
  const parse = (value: string): string | undefined => {
    const fault = value === '' ? null : (faultOf?.(value) ?? null);
    if (fault !== null) throw new Error(fault);
    return optional(value);
  };
  return {
    current: { name, fallback: '', help, parse },
    previous: {
      name: `${name}_PREVIOUS`,
      fallback: '',
      help: 'Accepted as well while a rotation is under way.',
      parse,
    },
    previousExpiresAt: {
      name: `${name}_PREVIOUS_EXPIRES_AT`,
      fallback: '',
      help: 'When the previous one stops being accepted, as an RFC 3339 date-time; empty: when it is taken out.',
      parse: optionalInstant,
    },
  };
}

function variableOf(setting: Setting): Variable<unknown> {
  const { name, help } = setting;
  if (setting.kind === 'secret') return { name, fallback: '', help, parse: optional };
  if (setting.kind === 'secrets') return { name, fallback: '', help, parse: secretList };
  if (setting.kind === 'keys') return { name, fallback: '', help, parse: keyPairs };
  const { fallback, min, max } = setting;
  return { name, fallback: String(fallback), help, parse: (value) => integer(value, min, max) };
}
