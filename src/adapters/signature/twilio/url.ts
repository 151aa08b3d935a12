import type { Delivery } from '../../../domain/delivery.ts';

/** Scheme, user, host and port of an absolute address. A colon inside brackets belongs to an IPv6 address. */
const ORIGIN = /^(https?:\/\/)([^/?#@]*@)?(\[[^\]]*\]|[^:/?#]*)(:\d*)?/i;

/**
 * Returns the addresses that Twilio may have signed. It signs the configured address character by character, but its
 * products differ in whether they include the port. So this tries both forms, as Twilio's own libraries do.
 * (https://www.twilio.com/docs/usage/webhooks/webhooks-security, and twilio-node lib/webhooks)
 */
export function signedUrls(base: string, target: string): string[] {
  const url = `${base.replace(/\/+$/, '')}${target}`;
  const [origin = '', scheme = '', user = '', host = '', port = ''] = ORIGIN.exec(url) ?? [];
  const rest = url.slice(origin.length);
  const defaultPort = scheme.toLowerCase() === 'https://' ? ':443' : ':80';
  return [`${scheme}${user}${host}${rest}`, `${scheme}${user}${host}${port || defaultPort}${rest}`];
}

/** Bases that a proxy in front of the service, or a public URL that is out of date, would explain. */
export function otherBases(publicUrl: string | undefined, headers: Delivery['headers']): string[] {
  const hosts = new Set([headers['host'], headers['x-forwarded-host']?.split(',', 1)[0]?.trim()]);
  const bases = [...hosts].filter(Boolean).flatMap((host) => [`https://${host ?? ''}`, `http://${host ?? ''}`]);
  if (publicUrl !== undefined) {
    bases.push(publicUrl.replace(/^https?/i, (scheme) => (scheme.toLowerCase() === 'https' ? 'http' : 'https')));
  }
  return bases;
}
