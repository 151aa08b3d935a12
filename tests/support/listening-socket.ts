import { spawnSync } from 'node:child_process';
import net from 'node:net';

export interface ListeningSocket {
  readonly port: number;
  /** For a child process as its file descriptor 3. */
  readonly fd: number;
  close(): void;
}

interface Handle {
  readonly fd: number;
  getsockname(out: { port?: number }): number;
  close(): void;
}

/** Sets the variables that assign the socket to a command; they contain the command's own pid. */
export const ACTIVATED = ['sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh'];

/**
 * A socket of the loopback interface that stays while the processes that accept connections from it come and go, like one of
 * systemd. This process must not accept any itself, as a net.Server would: it only binds, and another process listens and ends.
 * @param port 0 for any free port
 */
export function listeningSocket(port = 0): ListeningSocket {
  const { _createServerHandle: bind } = net as unknown as {
    _createServerHandle: (address: string, port: number, family: 4, fd: null) => Handle | number;
  };
  const handle = bind('127.0.0.1', port, 4, null);
  if (typeof handle === 'number') throw new Error(`no socket at port ${String(port)}: ${String(handle)}`);
  const listen = 'require("node:net").createServer().listen({ fd: 3 }, 4096); process.exit()';
  const { status } = spawnSync(process.execPath, ['-e', listen], { stdio: ['ignore', 'ignore', 'inherit', handle.fd] });
  if (status !== 0) throw new Error(`nobody listens at port ${String(port)}`);
  const address: { port?: number } = {};
  handle.getsockname(address);
  return {
    port: address.port ?? 0,
    fd: handle.fd,
    close: () => {
      handle.close();
    },
  };
}
