import type { Clock } from '../../../application/ports/time.ts';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import { descriptorOf, isEnabled, PROVIDER_NAMES, type ProviderName } from '../../providers/registry.ts';
import type { ProviderSettings, SecretVariable } from '../../providers/settings.ts';
import type { Settings } from '../settings.ts';
import { ok, warn, type Check } from './check.ts';
import { isEasyToGuess } from './secret-strength.ts';

export function providersCheck({ providers }: Settings): Check {
  const enabled = PROVIDER_NAMES.filter((name) => isEnabled(name, providers[name]));
  const disabled = PROVIDER_NAMES.filter((name) => !enabled.includes(name));
  if (enabled.length === 0) return warn('providers', 'all are disabled, every webhook gets 503: set WEBHOOK_SECRET');
  return ok(
    'providers',
    `enabled: ${enabled.join(', ')}${disabled.length === 0 ? '' : `; disabled: ${disabled.join(', ')}`}`,
  );
}

/** Checks every secret that is set; each check has the name of its variable. */
export function secretChecks({ providers }: Settings, clock: Clock): Check[] {
  return [
    ...PROVIDER_NAMES.flatMap((name) => pairChecks(descriptorOf(name).secret, providers[name].secrets, clock)),
    ...PROVIDER_NAMES.flatMap((name) => settingChecks(name, providers[name])),
  ];
}

export function readKeysCheck({ readApiKeys: keys, host }: Settings, isLoopback: (address: string) => boolean): Check {
  if (keys.length > 0) {
    const weak = keys.filter(isEasyToGuess).length;
    return weak === 0
      ? ok('READ_API_KEYS', 'hard to guess')
      : warn('READ_API_KEYS', `${String(weak)} of ${String(keys.length)} easy to guess: replace them, ${HOW}`);
  }
  return isLoopback(host)
    ? ok('READ_API_KEYS', 'none: everyone on this machine can read')
    : warn('READ_API_KEYS', `none, and HOST is ${host}: anyone who reaches it can read the messages; set keys`);
}

const HOW = 'such as by "openssl rand -hex 32"';

/** Checks the secret settings of a provider, except for the signing secret. */
function settingChecks(provider: ProviderName, { options }: ProviderSettings): Check[] {
  return Object.entries(descriptorOf(provider).settings).flatMap(([key, { kind, name }]) => {
    if (kind === 'integer') return [];
    const value = options[key] ?? [];
    const secrets = typeof value === 'object' ? Object.values<string>(value) : [String(value)];
    const [weakest] = secrets.toSorted((a, b) => Number(isEasyToGuess(b)) - Number(isEasyToGuess(a)));
    return weakest === undefined ? [] : [strengthCheck({ name }, weakest)];
  });
}

function pairChecks(secret: SecretVariable, secrets: ProviderSettings['secrets'], clock: Clock): Check[] {
  const { name: variable } = secret;
  const { current, previous, previousExpiresAt } = secrets;
  const checks = current === undefined ? [] : [strengthCheck(secret, current)];
  if (previous === undefined) return checks;
  const name = `${variable}_PREVIOUS`;
  if (current === undefined) {
    checks.push(warn(name, `not used, for ${variable} is not set: set that, or remove this`));
  } else if (previous === current) {
    checks.push(warn(name, `the same as ${variable}: remove it, or set it to the one before`));
  } else if (previousExpiresAt === undefined) {
    checks.push(warn(name, `accepted without end: set ${name}_EXPIRES_AT, or remove it when the rotation is done`));
  } else if (previousExpiresAt <= clock.now()) {
    checks.push(warn(name, `expired at ${formatTimestamp(previousExpiresAt)} and is refused: remove it`));
  } else {
    checks.push(ok(name, `accepted until ${formatTimestamp(previousExpiresAt)}`));
  }
  return checks;
}

function strengthCheck({ name, hidden }: Pick<SecretVariable, 'name' | 'hidden'>, secret: string): Check {
  const part = hidden === undefined ? secret : hidden(secret);
  if (part === null) return ok(name, 'a public key, which is no secret');
  return isEasyToGuess(part)
    ? warn(name, `easy to guess: make another, ${HOW}, or at the provider`)
    : ok(name, 'hard to guess');
}
