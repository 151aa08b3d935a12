import { setTimeout as delay } from 'node:timers/promises';
import { inRounds } from './rounds.ts';

/** The process is asked to stop under load. Whatever it stores it also answers, and it ends by itself with status 0. */
export const terminate = inRounds({
  name: 'SIGTERM',
  description: 'the service is stopped under load: every request that it takes is answered',
  engines: ['sqlite', 'postgres'],
  rounds: 20,
  async setUp(rig, findings, { random }) {
    await rig.start();
    return {
      async round() {
        const load = rig.load();
        await rig.acknowledged();
        await delay(random.below(400));
        const { child, ended, log } = rig.process();
        child.kill('SIGTERM');
        const { status, stderr } = await ended;
        await load.stop();
        if (status !== 0 || stderr !== '') findings.faults.push(`it ended with ${String(status)}: ${stderr}`);
        const last = log.records.find(({ message }) => message === 'stopped') ?? log.records.at(-1);
        if (last?.['requests_cut_off'] !== false) {
          findings.faults.push(`it did not stop in order: ${JSON.stringify(last)}`);
        }
        const verdict = await rig.judge();
        findings.add(verdict);
        const unanswered = verdict.stored - rig.ledger.acknowledged.size;
        if (unanswered > 0) findings.faults.push(`${String(unanswered)} messages were stored and not answered`);
        findings.recoveriesMs.push(await rig.start());
      },
    };
  },
});
