import { InvalidArgumentError, Option } from 'commander';
import { isMsisdn, type Msisdn } from '../../domain/message.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';
import { PROVIDER_NAMES } from '../providers/registry.ts';

/** The provider that defines the format of a body, and whose secret signs it. */
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

/** For an option's value: an instant in RFC 3339. */
export function instant(value: string): Timestamp {
  const parsed = parseTimestamp(value);
  if (parsed !== null) return parsed;
  throw new InvalidArgumentError('It takes an RFC 3339 date-time with Z or an offset: 2026-01-01T00:00:00Z.');
}

/** For an option's value: a phone number. */
export function phoneNumber(value: string): Msisdn {
  if (isMsisdn(value)) return value;
  throw new InvalidArgumentError('It takes a phone number: + and 1 to 15 digits.');
}
