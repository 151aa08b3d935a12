import { InvalidArgumentError, Option } from 'commander';
import { PROVIDER_NAMES } from './providers.ts';

/** Whose form a body has, and with whose secret it is signed. */
export function providerOption(): Option {
  return new Option('-p, --provider <name>', 'whose webhook it is').choices(PROVIDER_NAMES).default('webhook');
}

/** For an option's value: a whole number from `min`. */
export function wholeNumber(min: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d{1,15}$/.test(value) && number >= min) return number;
    throw new InvalidArgumentError(`It takes a whole number from ${String(min)}.`);
  };
}

/** For an option's value: a number above zero. */
export function positiveNumber(value: string): number {
  const number = Number(value);
  if (number > 0 && Number.isFinite(number)) return number;
  throw new InvalidArgumentError('It takes a number above 0.');
}

/** For an option's value: an http or https URL. */
export function httpUrl(value: string): string {
  const { protocol = '', username = '', password = '' } = URL.canParse(value) ? new URL(value) : {};
  if (/^https?:$/.test(protocol) && username + password === '') return value;
  throw new InvalidArgumentError('It takes an http or https URL, without a user or a password.');
}
