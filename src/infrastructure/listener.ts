import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Config } from './config/config.ts';

/** How often to close idle connections while the server stops. */
const IDLE_CHECK_MS = 25;

/**
 * Connections that may wait until the process accepts them, as `Backlog` in deploy/systemd says. `listen` sets it even on an inherited
 * socket, and Node's default of 511 would reduce it. The kernel limits it to net.core.somaxconn.
 */
export const BACKLOG = 4_096;

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** Whether an address is reachable only from this machine. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}

/**
 * Starts to listen. Rejects if the address is unavailable.
 * @param inherited the file descriptor of a socket that a service manager holds open, used instead of the address: clients that
 *   connect while the process is replaced wait there instead of being rejected
 */
export async function listen(
  server: Server,
  { host, port }: Pick<Config, 'host' | 'port'>,
  inherited?: number,
): Promise<AddressInfo> {
  if (inherited === undefined) server.listen(port, host, BACKLOG);
  // An argument, because Node ignores the option `backlog` beside `fd`.
  else server.listen({ fd: inherited }, BACKLOG);
  await once(server, 'listening').catch((error: unknown) => {
    throw explained(error, host);
  });
  return server.address() as AddressInfo;
}

/** The error of a HOST that does not belong to this machine, in words; other errors stay the same. */
function explained(error: unknown, host: string): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  const isUnknown = syscall === 'getaddrinfo';
  if (!isUnknown && code !== 'EADDRNOTAVAIL') return error;
  const message = isUnknown
    ? `HOST is ${host}, a name without an address`
    : `HOST is ${host}, no address of this machine`;
  return Object.assign(new Error(`${message}: ${code}`, { cause: error }), { code });
}

/**
 * Keeps serving for the shutdown delay, then accepts no more connections and waits for the requests in flight, up to the shutdown
 * timeout. Resolves with false if some were cut off.
 * @param onClosing called after the delay, to end answers that would not end by themselves
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
  // A kept-alive connection becomes idle only after its last answer: server.close() alone would wait for its timeout.
  const idle = setInterval(() => {
    server.closeIdleConnections();
  }, IDLE_CHECK_MS);
  const finished = await Promise.race([closed, delay(shutdownTimeoutMs, false, { ref: false })]);
  clearInterval(idle);
  if (!finished) server.closeAllConnections();
  return finished;
}
