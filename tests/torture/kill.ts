import { setTimeout as delay } from 'node:timers/promises';
import { faultsOf, finalOutcome, newRig } from './rig.ts';
import type { Scenario } from './scenario.ts';

/** The process dies in the middle of whatever it is doing. The next one opens the files as they were left. */
export const kill: Scenario = {
  name: 'kill -9',
  description: 'the service is killed at random moments and started again',
  engines: ['sqlite', 'postgres'],
  rounds: 100,
  async run(circumstances) {
    const { rounds, random, onRound, signal } = circumstances;
    const rig = await newRig(circumstances);
    const recoveriesMs: number[] = [];
    const faults: string[] = [];
    let [lost, doubled] = [0, 0];
    try {
      await rig.start(); // migrates: not what is measured
      for (let round = 0; round < rounds && signal?.aborted !== true; round++) {
        const load = rig.load();
        await delay(20 + random.below(400));
        rig.process().child.kill('SIGKILL');
        await rig.process().ended;
        await load.stop();
        recoveriesMs.push(await rig.start());
        const verdict = await rig.judge();
        lost += verdict.lost;
        doubled += verdict.doubled;
        faults.push(...faultsOf(verdict));
        onRound?.();
      }
      const outcome = await finalOutcome(rig, recoveriesMs, faults);
      return { ...outcome, lost: outcome.lost + lost, doubled: outcome.doubled + doubled };
    } finally {
      await rig.remove();
    }
  },
};
