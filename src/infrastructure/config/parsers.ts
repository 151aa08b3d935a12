import { isIP } from 'node:net';
import { isAddressRange } from '../../adapters/http/auth/client-address.ts';
import { parseTimestamp, type Timestamp } from '../../domain/timestamp.ts';

/** Parsers of settings. Each throws an Error that says what the value must be, and never repeats it: it may be a secret. */

export const MIN_READ_KEY_LENGTH = 16;
/** The characters that clients send in an Authorization header; RFC 9110, section 11.2, allows fewer. */
const READ_KEY = new RegExp(`^[\\x21-\\x7e]{${String(MIN_READ_KEY_LENGTH)},}$`);

/** RFC 9110, sections 5.1 and 5.5, in ASCII. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

export function optional(value: string): string | undefined {
  return value === '' ? undefined : value;
}

export function integer(value: string, min: number, max: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < min || number > max) {
    throw new Error(`must be a whole number from ${String(min)} to ${String(max)}`);
  }
  return number;
}

/** A label of a host name (RFC 1123, section 2.1), with the underscore that some networks of containers use. */
const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** An address or a host name to listen on. IPv6 may have the brackets of a URL, which are removed. */
export function host(value: string): string {
  const bare = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
  if (isIP(bare) !== 0 && (bare === value || bare.includes(':'))) return bare;
  const labels = value.split('.');
  // A name whose last label has only digits is an address that is not valid (RFC 3696, section 2).
  if (value.length <= 253 && labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? ''))
    return value;
  throw new Error('must be one IP address, such as 127.0.0.1 or ::1, or a host name, without a scheme and a port');
}

/** Days: 0, or a whole number from `min`. */
export function zeroOrDays(value: string, min: number, max: number): number {
  if (value !== '0' && (!/^\d+$/.test(value) || Number(value) < min || Number(value) > max)) {
    throw new Error(`must be 0 or a whole number from ${String(min)} to ${String(max)}`);
  }
  return Number(value);
}

export function oneOf<T>(value: string, choices: Readonly<Record<string, T>>): T {
  const choice = Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (choice === undefined) throw new Error(`must be one of ${Object.keys(choices).join(', ')}`);
  return choice;
}

export const readKeys = listOf(
  (key) => READ_KEY.test(key),
  `must hold keys of at least ${String(MIN_READ_KEY_LENGTH)} visible ASCII characters, separated by commas`,
);

/** Secrets separated by commas. */
export const secretList = listOf(
  (secret) => secret !== '',
  'must hold secrets separated by commas, none of them empty',
);

/** `id:secret` separated by commas. */
export function keyPairs(value: string): Readonly<Record<string, string>> {
  const pairs = (value === '' ? [] : value.split(',')).map(
    (pair) => /^([^:]+):(.+)$/.exec(pair.trim())?.slice(1) ?? [],
  );
  const keys = new Map<string, string>();
  for (const [id, secret] of pairs) {
    if (id === undefined || secret === undefined) throw new Error('must hold pairs of id:secret, separated by commas');
    if (keys.has(id)) throw new Error('must name each id once');
    keys.set(id, secret);
  }
  return Object.fromEntries(keys);
}

/** Addresses and ranges of proxies, IPv4 and IPv6. */
export const addressRanges = listOf(
  isAddressRange,
  'must hold IP addresses or ranges such as 10.0.0.0/8 or fd00::/8, separated by commas, and never all addresses',
);

/** Origins as browsers write them (RFC 6454, section 6.2). http is accepted for this machine only. */
export const origins = listOf(
  isOrigin,
  'must hold origins as browsers send them, https://app.example.com or http://localhost:3000, separated by commas, without a path or *',
);

function isOrigin(text: string): boolean {
  if (!URL.canParse(text) || text.includes('*')) return false;
  const url = new URL(text);
  if (url.origin !== text) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOCAL_HOSTS.has(url.hostname));
}

/** Values separated by commas; an empty text has no values. `fault` is the message for an invalid value. */
function listOf(isValid: (one: string) => boolean, fault: string): (value: string) => string[] {
  return (value) => {
    const all = value === '' ? [] : value.split(',').map((one) => one.trim());
    if (!all.every(isValid)) throw new Error(fault);
    return all;
  };
}

export function optionalInstant(value: string): Timestamp | undefined {
  if (value === '') return undefined;
  const instant = parseTimestamp(value);
  if (instant === null) throw new Error('must be an RFC 3339 date-time with Z or an offset');
  return instant;
}

/** An http or https URL, optionally with a path, without a query. Returned without a trailing slash. */
export function optionalUrl(value: string): string | undefined {
  if (value === '') return undefined;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw new Error('must be an http or https URL without a query, such as https://inbox.example.com');
  }
  return value.replace(/\/+$/, '');
}

/** An http or https URL to send requests to, with its path and query. */
export function optionalEndpoint(value: string): string | undefined {
  if (value === '') return undefined;
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hash !== '' || url.username !== '') {
    throw new Error('must be an http or https URL, such as http://localhost:4318/v1/traces');
  }
  return value;
}

/** A number from 0 to 1. */
export function share(value: string): number {
  const number = Number(value);
  if (!/^\d*\.?\d+$/.test(value) || number > 1) throw new Error('must be a number from 0 to 1');
  return number;
}

/** `name=value` separated by commas, both percent-encoded (OpenTelemetry's form of W3C Baggage). */
export function keyValues(value: string): Readonly<Record<string, string>> {
  const pairs = value === '' ? [] : value.split(',').map((pair) => /^\s*([^=\s]+)\s*=(.*)$/.exec(pair)?.slice(1) ?? []);
  try {
    return Object.fromEntries(
      pairs.map(([name, text]) => [decodeURIComponent(name ?? '%'), decodeURIComponent((text ?? '%').trim())]),
    );
  } catch {
    throw new Error('must be name=value, percent-encoded, separated by commas');
  }
}

/** As keyValues, for names and values of HTTP headers. */
export function httpHeaders(value: string): Readonly<Record<string, string>> {
  const headers = keyValues(value);
  for (const [name, text] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(text)) {
      throw new Error('must be name=value with names and values of HTTP headers, separated by commas');
    }
  }
  return headers;
}
