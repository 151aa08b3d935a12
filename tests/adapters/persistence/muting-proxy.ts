import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface MutingProxy {
  /** Of the same database, through the proxy. */
  readonly url: string;
  /** From now on the connections that there are get no answer any more, and are not closed either; new ones do. */
  readonly mute: () => void;
  /** From now on no connection does, whenever it was made. */
  readonly muteAll: () => void;
  close(): Promise<void>;
}

/** A network between the service and its database that can go silent, as a cut one does: nobody says that it is. */
export async function mutingProxy(url: string): Promise<MutingProxy> {
  const target = new URL(url);
  const answering = new Set<Socket>();
  const sockets = new Set<Socket>();
  let mutesAll = false;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    if (!mutesAll) answering.add(server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (chunk) => {
        if (answering.has(server)) to.write(chunk);
      });
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String((proxy.address() as AddressInfo).port);
  return {
    url: through.href,
    mute: () => {
      answering.clear();
    },
    muteAll() {
      mutesAll = true;
      answering.clear();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
