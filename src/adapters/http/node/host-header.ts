import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';

/** A host and an optional port (RFC 9110, section 7.2, and RFC 3986, section 3.2.2), without a user. */
const HOST = /^(?:\[([^\]]*)\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?$/;

/** What is wrong with the Host header of a request, in words; null if nothing is. A server must reject such a request (RFC 9112, section 3.2). */
export function hostFault({ rawHeaders, headers, httpVersion }: IncomingMessage): string | null {
  let lines = 0; // Node keeps the first of several
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') lines++;
  }
  if (lines === 0) return httpVersion === '1.1' ? 'HTTP/1.1 demands a Host header' : null;
  if (lines > 1) return 'the Host header was sent more than once';
  return isHost(headers.host ?? '') ? null : 'the Host header is not a host and an optional port';
}

/** Whether a text is a host with an optional port. The empty text is one, although no http address has it. */
export function isHost(text: string): boolean {
  const [match, literal] = HOST.exec(text) ?? [];
  return match !== undefined && (literal === undefined || isIPv6(literal));
}
