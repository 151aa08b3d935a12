import { didYouMean } from './did-you-mean.ts';
import { withHost } from './empty-host.ts';

/** TLS modes of the driver pg. It reads every other value as if none were given, or as `prefer`. */
export const SSL_MODES = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'];

/** The parameters that the driver and PostgreSQL's own programs both understand, with their values if only some are possible. */
const PARAMETERS: Readonly<Record<string, readonly string[] | null>> = {
  sslmode: SSL_MODES,
  sslrootcert: null,
  sslcert: null,
  sslkey: null,
  ssl: ['true', '1', '0', 'no-verify'],
  sslnegotiation: ['postgres', 'direct'],
  channel_binding: ['disable', 'prefer'], // the driver does not bind
  host: null,
  port: null,
  user: null,
  password: null,
  options: null,
  application_name: null,
  client_encoding: ['utf8', 'UTF8', 'UTF-8', 'utf-8'],
};

/** The service sets these itself for each connection, and a parameter would replace them. */
const SET_BY_US =
  /^(connect_timeout|connectionTimeoutMillis|statement_timeout|query_timeout|lock_timeout|idle_in_transaction_session_timeout|keepalives.*|keepAlive.*|fallback_application_name|types)$/i;

const FORM = 'must be postgres://user:password@host:port/name, with reserved characters percent-encoded';

/**
 * Checks a URL of libpq's form, optionally with SQLAlchemy's name of a driver, and returns it without that. The driver ignores parameters
 * that it does not know: a misspelt `sslmode` would send the password without TLS. Throws an Error that says what the URL must be.
 */
export function postgresUrl(value: string): string {
  const written = withHost(value.replace(/^\w+(\+\w+)?:/, 'postgres:'));
  if (!URL.canParse(written)) throw new Error(FORM);
  const url = new URL(written);
  const { username, password, hostname, pathname, hash } = url;
  if (pathname.length < 2 || hash !== '') throw new Error(FORM);
  if (![username, password, hostname, pathname].every(isDecodable)) throw new Error(FORM);
  if (/,|%2c/i.test(hostname))
    throw new Error('must name one host: several hosts, separated by commas, are not supported');
  checkParameters(url.searchParams);
  return written;
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

function checkParameters(query: URLSearchParams): void {
  const names = [...query.keys()];
  for (const [name, value] of query) {
    if (names.indexOf(name) !== names.lastIndexOf(name))
      throw new Error(`must have each parameter once: ${known(name)} is there twice`);
    const values = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
    if (values === undefined) throw new Error(unknownParameter(name));
    if (values === null ? value !== '' : values.includes(value)) continue;
    if (values === null) throw new Error(`must have a value for the parameter ${name}, or not have it`);
    const meant = didYouMean(value, values);
    throw new Error(
      `must have one of ${values.join(', ')} as ${name}${meant === null ? '' : `: did you mean ${meant}?`}`,
    );
  }
}

function unknownParameter(name: string): string {
  if (SET_BY_US.test(name)) return `must not have the parameter ${name}, because the service sets it itself`;
  const meant = didYouMean(name, Object.keys(PARAMETERS));
  return meant === null
    ? `must not have parameters other than ${Object.keys(PARAMETERS).join(', ')}`
    : `must not have an unknown parameter: did you mean ${meant}?`;
}

/** The name, unless it may be a part of a password that was not percent-encoded. */
function known(name: string): string {
  return Object.hasOwn(PARAMETERS, name) ? name : 'one';
}

/** Why the driver would not use TLS as the environment says; null if it would. `url` takes precedence. */
export function sslModeFault(url: string, mode: string | undefined): string | null {
  const { searchParams: query } = new URL(url);
  if (mode === undefined || mode === '' || SSL_MODES.includes(mode) || query.has('sslmode') || query.has('ssl'))
    return null;
  return `PGSSLMODE must be one of ${SSL_MODES.join(', ')}`;
}
