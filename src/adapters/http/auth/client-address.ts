import { isIP, isIPv6 } from 'node:net';
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** An address alone, in brackets, or with the port that some proxies add. */
const HOP = /^(?:\[([^\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/i;
/** Whoever has one address of IPv6 has 2⁶⁴ of them (RFC 6177), so they count as one. */
const IPV6_GROUPS = 4;
/** Of a connection that is gone already: its answer reaches nobody. */
const UNKNOWN = 'unknown';

/**
 * Gives whose request it is: an IPv4 address, or the /64 network of an IPv6 address, as `2001:db8:0:1::/64`. It is the other
 * end of the connection, unless that is a trusted proxy: then it is who that proxy says it was, in `X-Forwarded-For` from the
 * right, and so on for as long as it is a trusted proxy. What stands left of the first stranger is that stranger's
 * word, and is not read. An entry that is no address ends the search at the proxy that wrote it.
 */
export function clientAddress(trustedProxies: readonly string[]): (request: IncomingMessage) => string {
  const ranges = trustedProxies.map(rangeOf);
  const isTrusted = (address: Address): boolean =>
    ranges.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits));

  return ({ socket, headers }) => {
    const peer = addressOf(socket.remoteAddress ?? '');
    if (peer === null) return UNKNOWN;
    let address = peer;
    const hops = String(headers['x-forwarded-for'] ?? '').split(',');
    while (isTrusted(address)) {
      const before = addressOf(hopOf(hops.pop() ?? ''));
      if (before === null) break;
      address = before;
    }
    return counted(address);
  };
}

/**
 * Whether it is an address or a range of addresses, as `10.0.0.0/8` or `fd00::/8`, that can be trusted. Not the range of all
 * addresses, which would take every sender's word, and not IPv4 written as IPv6, which no address would be in.
 */
export function isAddressRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  if (isIP(address) === 0 || address.includes('%') || more.length > 0) return false;
  if (isIPv6(address) && ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return false;
  return bits === undefined || (/^[1-9][0-9]{0,2}$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32));
}

function rangeOf(text: string): Range {
  if (text.includes('/')) return ipaddr.parseCIDR(text);
  const address = ipaddr.parse(text);
  return [address, address.kind() === 'ipv6' ? 128 : 32];
}

function hopOf(entry: string): string {
  const [, bracketed, plain] = HOP.exec(entry.trim()) ?? [];
  return bracketed ?? plain ?? entry.trim();
}

/**
 * IPv4 in IPv6's clothes, as sockets of both kinds have it, is IPv4. Asks Node first: ipaddr.js takes `1` for an address. Without the
 * zone of IPv6 (`%eth0`, RFC 4007), which Node adds to peers on the same link: ipaddr.js throws for that of a bridge, `%br-0a1b`.
 */
function addressOf(text: string): Address | null {
  const [address = ''] = text.split('%', 1);
  return isIP(address) === 0 ? null : ipaddr.process(address);
}

function counted(address: Address): string {
  if (address.kind() === 'ipv4') return address.toString();
  const groups = (address as ipaddr.IPv6).parts.slice(0, IPV6_GROUPS);
  return `${groups.map((group) => group.toString(16)).join(':')}::/64`;
}
