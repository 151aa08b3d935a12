import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { UnusableConnection } from './unusable-connection.ts';

/** How far the server's certificate is verified; `verify-ca` accepts any host name. */
export type TlsMode = 'disable' | 'no-verify' | 'verify-ca' | 'verify-full';

/**
 * The parts of a PostgreSQL URL, decoded. The service and PostgreSQL's own programs both connect by them, because the driver and
 * libpq read the same URL in different ways. What the URL leaves out is undefined.
 */
export interface UrlParts {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly database: string | undefined;
  readonly options: string | undefined;
  readonly applicationName: string | undefined;
  /** Undefined if the URL has neither `sslmode` nor `ssl` nor a file for TLS. */
  readonly tlsMode: TlsMode | undefined;
  readonly tlsNegotiation: string | undefined;
  readonly channelBinding: string | undefined;
  readonly rootCertificates: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** Splits a URL whose parts are percent-encoded. As in libpq, a parameter takes precedence over the part before the `?`. */
export function urlParts(url: string): UrlParts {
  const { hostname, port, username, password, pathname, searchParams: query } = new URL(url);
  const one = (name: string, other = ''): string | undefined => {
    const value = query.get(name) ?? decodeURIComponent(other);
    return value === '' ? undefined : value;
  };
  const files = {
    rootCertificates: one('sslrootcert'),
    certificate: one('sslcert'),
    key: one('sslkey'),
  };
  const withFiles = Object.values(files).some((file) => file !== undefined);
  const host = one('host', hostname.replace(/^\[(.*)\]$/, '$1'));
  return {
    host,
    port: one('port', port),
    user: one('user', username),
    password: one('password', password),
    database: decodeURIComponent(pathname.slice(1)) || undefined,
    options: one('options'),
    applicationName: one('application_name'),
    // TLS does not apply to a Unix socket.
    tlsMode: host?.startsWith('/') ? 'disable' : tlsModeOf(one('sslmode'), one('ssl'), withFiles),
    tlsNegotiation: one('sslnegotiation'),
    channelBinding: one('channel_binding'),
    ...files,
  };
}

/**
 * Modes of libpq (https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION) that do not verify the server are
 * read as `verify-full`. The driver did so, and nobody may be surprised by less. `no-verify` is the driver's own word for that.
 */
export function tlsModeOf(
  sslmode: string | undefined,
  ssl: string | undefined,
  withFiles: boolean,
): TlsMode | undefined {
  if (sslmode === 'disable' || sslmode === 'no-verify' || sslmode === 'verify-ca') return sslmode;
  if (sslmode !== undefined) return 'verify-full';
  if (ssl === '0') return 'disable';
  if (ssl === 'no-verify') return ssl;
  return ssl !== undefined || withFiles ? 'verify-full' : undefined;
}

/**
 * The driver's settings for the URL. The driver reads `ssl` for each connection, and with it the files of TLS, so that a new
 * connection uses a certificate that was renewed. It throws UnusableConnection if one of them is not usable.
 */
export function driverSettings(url: string): Readonly<Record<string, unknown>> {
  const parts = urlParts(url);
  const given = {
    host: parts.host,
    port: parts.port,
    user: parts.user,
    password: parts.password,
    database: parts.database,
    options: parts.options,
    application_name: parts.applicationName ?? 'webhook-inbox',
    sslnegotiation: parts.tlsNegotiation,
    enableChannelBinding: parts.channelBinding === 'prefer' ? true : undefined,
  };
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return Object.defineProperty(settings, 'ssl', { enumerable: true, get: () => tlsSettings(parts) });
}

function tlsSettings(parts: UrlParts): ConnectionOptions | false | undefined {
  const { tlsMode, rootCertificates, certificate, key } = parts;
  if (tlsMode === undefined || tlsMode === 'disable') return tlsMode === undefined ? undefined : false;
  const files = {
    ca: certificates('sslrootcert', rootCertificates),
    cert: certificates('sslcert', certificate),
    key: contents('sslkey', key),
  };
  try {
    return {
      secureContext: createSecureContext(files),
      rejectUnauthorized: tlsMode !== 'no-verify',
      ...(tlsMode === 'verify-ca' && { checkServerIdentity: () => undefined }),
    };
  } catch (error) {
    throw new UnusableConnection(`the files of sslrootcert, sslcert and sslkey do not work together: ${words(error)}`);
  }
}

/** Without this check, a file without a certificate would count as no file, and the fault would seem to be the server's. */
function certificates(parameter: string, file: string | undefined): string | undefined {
  const content = contents(parameter, file);
  if (file !== undefined && content?.includes('CERTIFICATE-----') !== true) {
    throw new UnusableConnection(`${parameter} is not a certificate in PEM: ${file}`);
  }
  return content;
}

function contents(parameter: string, file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UnusableConnection(`${parameter} cannot be read: ${words(error)}`);
  }
}

function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
