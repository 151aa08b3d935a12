import { setTimeout as delay } from 'node:timers/promises';
import { troubledNetwork } from '../support/troubled-network.ts';
import { inRounds } from './rounds.ts';

/** One way, for each packet. A commit takes some eight of them. */
const DELAY_MS = 40;

/** A database far away, or one that is overworked: everything takes longer, and nothing else happens. */
export const slowNetwork = inRounds({
  name: 'slow network',
  description: `every packet to and from the server takes ${String(DELAY_MS)} ms longer`,
  engines: ['postgres'],
  rounds: 3,
  async setUp(rig, { faults }, { holdMs }) {
    const network = await troubledNetwork(rig.databaseUrl);
    await rig.start({ DATABASE_URL: network.url });
    return {
      async round() {
        const load = rig.load();
        network.slowDown(DELAY_MS);
        await delay(Math.max(2_000, holdMs));
        await rig.acknowledged();
        await rig.readiness(200);
        network.slowDown(0);
        await load.stop();
        faults.push(...load.refused());
      },
      end: () => network.close(),
    };
  },
});
