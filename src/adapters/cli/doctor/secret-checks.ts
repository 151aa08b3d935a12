import type { ProviderSecrets } from '../../signature/secrets.ts';
import type { Clock } from '../../../application/ports/time.ts';
import { formatTimestamp } from '../../../domain/timestamp.ts';
import { PROVIDER_NAMES, PROVIDERS } from '../providers.ts';
import type { Settings } from '../settings.ts';
import { ok, warn, type Check } from './check.ts';
import { isEasyToGuess } from './secret-strength.ts';

export function providersCheck({ secrets }: Settings): Check {
  const on = PROVIDER_NAMES.filter((name) => secrets[name].current !== undefined);
  const off = PROVIDER_NAMES.filter((name) => !on.includes(name));
  if (on.length === 0) return warn('providers', 'all are off, every webhook is answered with 503: set WEBHOOK_SECRET');
  return ok('providers', `on: ${on.join(', ')}${off.length === 0 ? '' : `; off: ${off.join(', ')}`}`);
}

/** Of every secret that is set, by the name of its variable. */
export function secretChecks(config: Settings, clock: Clock): Check[] {
  const { secrets } = config;
  const checks = PROVIDER_NAMES.flatMap((name) => pairChecks(PROVIDERS[name].variable, secrets[name], clock));
  if (config.whatsAppVerifyToken !== undefined) {
    checks.push(strengthCheck('WHATSAPP_VERIFY_TOKEN', config.whatsAppVerifyToken));
  }
  return checks;
}

export function readKeysCheck({ readApiKeys: keys, host }: Settings, isLoopback: (address: string) => boolean): Check {
  if (keys.length > 0) {
    const weak = keys.filter(isEasyToGuess).length;
    return weak === 0
      ? ok('READ_API_KEYS', 'hard to guess')
      : warn('READ_API_KEYS', `${String(weak)} of ${String(keys.length)} easy to guess: make others, ${HOW}`);
  }
  return isLoopback(host)
    ? ok('READ_API_KEYS', 'none: whoever reaches the port on this machine can read')
    : warn('READ_API_KEYS', `none, and HOST is ${host}: anyone who reaches it can read the messages; set keys`);
}

const HOW = 'such as by "openssl rand -hex 32"';

function pairChecks(
  variable: string,
  { current, previous, previousExpiresAt }: ProviderSecrets,
  clock: Clock,
): Check[] {
  const checks = current === undefined ? [] : [strengthCheck(variable, current)];
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

function strengthCheck(name: string, secret: string): Check {
  if (secret.startsWith('whpk_')) return ok(name, 'a public key, which is no secret');
  return isEasyToGuess(secret.replace(/^whsec_/, ''))
    ? warn(name, `easy to guess: make another, ${HOW}, or at the provider`)
    : ok(name, 'hard to guess');
}
