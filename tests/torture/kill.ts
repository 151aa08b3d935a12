import { setTimeout as delay } from 'node:timers/promises';
import { inRounds } from './rounds.ts';

/** The process dies in the middle of whatever it is doing. The next one opens the files as they were left. */
export const kill = inRounds({
  name: 'kill -9',
  description: 'the service is killed at random moments and started again',
  engines: ['sqlite', 'postgres'],
  rounds: 100,
  async setUp(rig, findings, { random }) {
    await rig.start(); // migrates: not what is measured
    return {
      async round() {
        const load = rig.load();
        await rig.acknowledged();
        await delay(random.below(400));
        rig.process().child.kill('SIGKILL');
        await rig.process().ended;
        await load.stop();
        findings.recoveriesMs.push(await rig.start());
        findings.add(await rig.judge());
      },
    };
  },
});
