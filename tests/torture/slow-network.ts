import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { finalOutcome, newRig } from './rig.ts';
import type { Scenario } from './scenario.ts';

/** One way, for each packet. A commit takes some eight of them. */
const DELAY_MS = 40;

/** A database far away, or one that is overworked: everything takes longer, and nothing else happens. */
export const slowNetwork: Scenario = {
  name: 'slow network',
  description: `every packet to and from the server takes ${String(DELAY_MS)} ms longer`,
  engines: ['postgres'],
  rounds: 3,
  async run(circumstances) {
    const { rounds, holdMs, onRound, signal } = circumstances;
    const rig = await newRig(circumstances);
    const network = await slowableNetwork(rig.databaseUrl);
    const faults: string[] = [];
    try {
      await rig.start({ DATABASE_URL: network.url });
      for (let round = 0; round < rounds && signal?.aborted !== true; round++) {
        const load = rig.load();
        network.delayMs = DELAY_MS;
        const before = rig.ledger.acknowledged.size;
        await delay(Math.max(2_000, holdMs));
        if (rig.ledger.acknowledged.size === before) faults.push('no message was taken');
        await rig.readiness(200);
        network.delayMs = 0;
        await load.stop();
        for (const [what, times] of load.refusals) faults.push(`${what}, ${String(times)} times`);
        onRound?.();
      }
      return await finalOutcome(rig, [], faults);
    } finally {
      await rig.remove();
      await network.close();
    }
  },
};

interface SlowableNetwork {
  readonly url: string;
  /** Of each packet from now on, in each direction. */
  delayMs: number;
  readonly close: () => Promise<void>;
}

async function slowableNetwork(url: string): Promise<SlowableNetwork> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const proxy = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from);
      let earlier = Promise.resolve();
      from.on('data', (chunk) => {
        const arrival = delay(network.delayMs);
        earlier = Promise.all([earlier, arrival]).then(() => void to.write(chunk)); // none overtakes another
      });
      from.on('error', () => undefined);
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(url);
  through.host = `127.0.0.1:${String((proxy.address() as AddressInfo).port)}`;
  const network: SlowableNetwork = {
    url: through.href,
    delayMs: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
  return network;
}
