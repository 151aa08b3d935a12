import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/config.ts';

/** How often connections that have become idle are closed while the server stops. */
const IDLE_CHECK_MS = 25;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Whether only this machine reaches an address to listen on. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/**
 * Rejects when the address cannot be had.
 * @param inherited the file descriptor of a socket that somebody else listens on for this process, which then goes before the
 *   address: who connects while the process is replaced waits there, and is not refused
 */
export async function listen(
  server: Server,
  { host, port }: Pick<Config, 'host' | 'port'>,
  inherited?: number,
): Promise<AddressInfo> {
  if (inherited === undefined) server.listen(port, host);
  else server.listen({ fd: inherited });
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/**
 * Serves on for the shutdown delay, then takes no more connections and waits for the requests under way, at most the
 * shutdown timeout. Gives false when some had to be cut off.
 * @param onClosing called when the delay is over, to end answers that would not end by themselves
 */
export async function closeServer(
  server: Server,
  { shutdownDelayMs, shutdownTimeoutMs }: Pick<Config, 'shutdownDelayMs' | 'shutdownTimeoutMs'>,
  onClosing: () => void = () => undefined,
): Promise<boolean> {
  if (!server.listening) return true;
  await delay(shutdownDelayMs);
  const closed = once(server, 'close').then(() => true);
  server.close();
  onClosing();
  // A connection kept alive is idle again only after its last answer: server.close() alone would wait for its timeout.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const finished = await Promise.race([closed, delay(shutdownTimeoutMs, false, { ref: false })]);
  clearInterval(idle);
  if (!finished) server.closeAllConnections();
  return finished;
}
