import { isIP, isIPv6 } from 'node:net';
import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** An address alone, in brackets, or with the port that some proxies add. */
const HOP = /^(?:\[([^\]]+)\]|([0-9.]+))(?::[0-9]{1,5})?$/i;
/** A client with one IPv6 address has 2⁶⁴ of them (RFC 6177), so they count as one. */
const IPV6_GROUPS = 4;
/** The address of a connection that is closed already: its answer reaches nobody. */
const UNKNOWN = 'unknown';

/**
 * Returns a function that finds the client of a request: an IPv4 address, or the /64 network of an IPv6 address, such as
 * `2001:db8:0:1::/64`. The client is the other end of the connection. If that is a trusted proxy, it is the last address in
 * `X-Forwarded-For`, and so on from right to left while the address is a trusted proxy. Addresses left of the first untrusted one are that
 * client's own claim and are ignored. An entry that is no address ends the search at the proxy that wrote it.
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
 * Whether a text is an address or a range of addresses, such as `10.0.0.0/8` or `fd00::/8`, that can be trusted. The range of all
 * addresses is not accepted, because every sender's claim would count, nor is IPv4 written as IPv6, because it would match no address.
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
 * Parses an address. IPv4-mapped IPv6, which dual-stack sockets report, becomes IPv4. Node checks the text first, because ipaddr.js accepts `1`
 * as an address. The IPv6 zone (`%eth0`, RFC 4007), which Node adds to peers on the same link, is removed, because ipaddr.js throws for that of a
 * bridge, `%br-0a1b`.
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
