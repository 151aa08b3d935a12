import { setTimeout as delay } from 'node:timers/promises';
import { faultsOf, newRig } from './rig.ts';
import type { Scenario } from './scenario.ts';

/** The process is asked to stop under load. Whatever it stores it also answers, and it ends by itself with status 0. */
export const terminate: Scenario = {
  name: 'SIGTERM',
  description: 'the service is stopped under load: every request that it takes is answered',
  engines: ['sqlite', 'postgres'],
  rounds: 20,
  async run(circumstances) {
    const { rounds, random, onRound, signal } = circumstances;
    const rig = await newRig(circumstances);
    const recoveriesMs: number[] = [];
    const faults: string[] = [];
    let [lost, doubled] = [0, 0];
    try {
      await rig.start();
      for (let round = 0; round < rounds && signal?.aborted !== true; round++) {
        const load = rig.load();
        await delay(20 + random.below(400));
        const { child, ended, log } = rig.process();
        child.kill('SIGTERM');
        const { status, stderr } = await ended;
        await load.stop();
        if (status !== 0 || stderr !== '') faults.push(`it ended with ${String(status)}: ${stderr}`);
        const last = log.records.find(({ message }) => message === 'stopped') ?? log.records.at(-1);
        if (last?.['requests_cut_off'] !== false) faults.push(`it did not stop in order: ${JSON.stringify(last)}`);
        const verdict = await rig.judge();
        lost += verdict.lost;
        doubled += verdict.doubled;
        faults.push(...faultsOf(verdict));
        if (verdict.stored !== rig.ledger.acknowledged.size) {
          faults.push(`${String(verdict.stored - rig.ledger.acknowledged.size)} messages were stored and not answered`);
        }
        recoveriesMs.push(await rig.start());
        onRound?.();
      }
      return { acknowledged: rig.ledger.acknowledged.size, lost, doubled, faults, recoveriesMs };
    } finally {
      await rig.remove();
    }
  },
};
