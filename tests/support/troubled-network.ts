import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface TroubledNetwork {
  /** Of the same database, through the network. */
  readonly url: string;
  /** From now on the open connections get no answers, and are not closed either; new ones work. */
  readonly mute: () => void;
  /** From now on no connection gets answers, old or new. */
  readonly muteAll: () => void;
  /**
   * What happens to the connection on which the service next sends this text; the promise resolves then. `cut`: the text is lost,
   * and both sides see their connection closed. `vanish`: the text arrives, and from then on nothing else does, in either direction;
   * the server's side stays open even if the service closes its own, as if the service's host were gone.
   */
  readonly when: (text: string, what: 'cut' | 'vanish') => Promise<void>;
  /** From now on all open connections are like that. */
  readonly vanish: () => void;
  /** From now on every packet takes this much longer (ms), in each direction. */
  readonly slowDown: (ms: number) => void;
  readonly close: () => Promise<void>;
}

/** A network between the service and its database that can become silent, like a cut one, or slow, without a notice to either side. */
export async function troubledNetwork(url: string): Promise<TroubledNetwork> {
  const target = new URL(url);
  const answering = new Set<Socket>();
  const sockets = new Set<Socket>();
  const vanished = new Set<Socket>();
  let trouble: { readonly text: Buffer; readonly what: 'cut' | 'vanish'; readonly begin: () => void } | undefined;
  let mutesAll = false;
  let delayMs = 0;
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    if (!mutesAll) answering.add(server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      let earlier = Promise.resolve();
      from.on('data', (chunk) => {
        const arrival = delayMs === 0 ? undefined : delay(delayMs);
        earlier = Promise.all([earlier, arrival]).then(() => {
          if (!answering.has(server) || vanished.has(server)) return;
          const due = from === client && trouble !== undefined && chunk.includes(trouble.text) ? trouble : undefined;
          if (due === undefined) {
            to.write(chunk); // in order: no chunk overtakes another
            return;
          }
          trouble = undefined;
          if (due.what === 'cut') server.destroy();
          else {
            to.write(chunk);
            vanished.add(server);
          }
          due.begin();
        });
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        if (!vanished.has(server)) to.destroy();
      });
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
    when: (text, what) =>
      new Promise((resolve) => {
        trouble = { text: Buffer.from(text), what, begin: resolve };
      }),
    vanish() {
      for (const server of answering) vanished.add(server);
    },
    slowDown(ms) {
      delayMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
