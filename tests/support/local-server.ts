import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that answers as told, on a free port of the loopback interface, while the work is done with its address. */
export async function withServer<T>(listener: RequestListener, work: (url: string) => Promise<T>): Promise<T> {
  // Longer than any pause of a client that goes on with its connection, or it could meet one that is just being closed.
  const server = createServer({ keepAliveTimeout: 65_000 }, listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
