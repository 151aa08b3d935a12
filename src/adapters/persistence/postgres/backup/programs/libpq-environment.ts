import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { getCACertificates } from 'node:tls';
import { tlsModeOf, urlParts, type UrlParts } from '../../connection/settings.ts';

type Environment = Readonly<Record<string, string>>;

/**
 * Runs PostgreSQL's client programs with the connection of the URL. They verify the server as the service does: with the
 * certificates of `sslrootcert`, or else with those that Node trusts, because libpq has no certificates of its own.
 * @param environment of the programs, without the connection
 */
export async function withConnectionOf<T>(
  url: string,
  environment: Environment,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  const env = { ...environment, ...libpqEnvironment(url, environment) };
  if (!env.PGSSLMODE?.startsWith('verify-') || env.PGSSLROOTCERT !== undefined) return work(env);
  const folder = await mkdtemp(path.join(tmpdir(), 'webhook-inbox-'));
  try {
    const roots = path.join(folder, 'roots.crt');
    await writeFile(roots, getCACertificates('default').join('\n'));
    return await work({ ...env, PGSSLROOTCERT: roots });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * The connection parameters in the environment variables of PostgreSQL's client programs. Every user of a machine can see the
 * arguments of a command, but not its environment. Parameters that the URL leaves out are not set.
 */
export function libpqEnvironment(
  url: string,
  environment: Environment = {},
): Record<string, string> & { PGSSLMODE?: string } {
  const parts = urlParts(url);
  const given = {
    PGHOST: parts.host,
    PGPORT: parts.port,
    PGUSER: parts.user,
    PGPASSWORD: parts.password,
    PGDATABASE: parts.database,
    PGSSLMODE: sslModeOf(parts, environment),
    PGSSLNEGOTIATION: parts.tlsNegotiation,
    PGSSLROOTCERT: parts.tlsMode === 'no-verify' ? undefined : parts.rootCertificates, // require would verify with it
    PGSSLCERT: parts.certificate,
    PGSSLKEY: parts.key,
    PGCHANNELBINDING: parts.channelBinding,
    PGOPTIONS: parts.options,
  };
  const set = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(set), PGAPPNAME: 'webhook-inbox backup', PGCONNECT_TIMEOUT: '10' };
}

/** libpq has no word for `no-verify`; its `require` verifies nothing unless the user has a file of root certificates. */
function sslModeOf({ host, tlsMode }: UrlParts, environment: Environment): string | undefined {
  if (host?.startsWith('/')) return undefined; // a Unix socket
  const mode = tlsMode ?? tlsModeOf(environment['PGSSLMODE'], undefined, false);
  return mode === 'no-verify' ? 'require' : mode;
}
