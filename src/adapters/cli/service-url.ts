import { UsageError } from './run-command.ts';
import type { Settings } from './settings.ts';

/** What listens on every address is reached by loopback. */
const ANY = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Where the service of this configuration listens, as this machine reaches it. */
export function localOrigin({ host, port }: Pick<Settings, 'host' | 'port'>): string {
  if (port === 0) throw new UsageError('PORT is 0, so that the service chooses its own: say where it is with --url');
  const reached = ANY.get(host) ?? host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${String(port)}`;
}

/** Returns the service's address with the path of a webhook; an address that has a path already is unchanged. */
export function webhookUrl(given: string, path: string): string {
  const { pathname, search } = new URL(given);
  return pathname === '/' && search === '' ? `${given.replace(/\/$/, '')}${path}` : given;
}

/**
 * Returns the address that Twilio would sign for a request that reaches the service at `url`. The service verifies with
 * this address.
 */
export function signedUrl(url: string, publicUrl: string | undefined): string {
  if (publicUrl === undefined || url.startsWith(`${publicUrl}/`)) return url;
  const { pathname, search } = new URL(url);
  return `${publicUrl}${pathname}${search}`;
}
