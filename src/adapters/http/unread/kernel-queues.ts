import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import ipaddr from 'ipaddr.js';

/** Bytes of each connection that the kernel holds because the client has not acknowledged them, by {@link peerKey}. */
export type KernelQueues = ReadonlyMap<string, number>;

/** The TCP sockets of this network namespace, one a line (https://docs.kernel.org/networking/proc_net_tcp.html). */
const TABLES = ['/proc/self/net/tcp', '/proc/self/net/tcp6'];

/**
 * Reads what the kernel holds for the connections of a local port. Connections for which it holds nothing are omitted. Null if
 * the kernel does not tell, as on systems other than Linux. Node has no other way to learn it: a write is complete as soon as the kernel has it.
 */
export async function kernelQueues(localPort: number): Promise<KernelQueues | null> {
  const tables = await Promise.all(TABLES.map((file) => readFile(file, 'latin1').catch(() => null)));
  return tables.every((table) => table === null) ? null : queuesIn(tables.join('\n'), localPort);
}

/** Reads the same from the text of the tables: `sl: local_address:port rem_address:port st tx_queue:rx_queue …`, in hexadecimal. */
export function queuesIn(table: string, localPort: number): KernelQueues {
  const port = hexadecimal(localPort, 4);
  const owing = new RegExp(`: [0-9A-F]+:${port} ([0-9A-F]+:[0-9A-F]{4}) [0-9A-F]{2} (?!00000000)([0-9A-F]{8}):`, 'g');
  return new Map(Array.from(table.matchAll(owing), ([, peer = '', bytes = '']) => [peer, Number.parseInt(bytes, 16)]));
}

/** The other end of a connection as the kernel writes it: words of 32 bits in the order of the machine. */
export function peerKey(address: string, port: number): string {
  const bytes = ipaddr.parse(address.split('%', 1)[0] ?? '').toByteArray();
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(4 * i, 4 * i + 4));
  const ordered = endianness() === 'LE' ? words.map((word) => word.reverse()) : words;
  return `${ordered
    .flat()
    .map((byte) => hexadecimal(byte, 2))
    .join('')}:${hexadecimal(port, 4)}`;
}

function hexadecimal(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
