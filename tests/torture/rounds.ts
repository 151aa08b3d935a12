import type { Verdict } from './judge.ts';
import { deliverAll } from './load.ts';
import { newRig, type Rig } from './rig.ts';
import type { Circumstances, Outcome, Scenario } from './scenario.ts';

/** What came of the rounds so far. */
export interface Findings {
  readonly recoveriesMs: number[];
  /** What was not as it must be, in words. */
  readonly faults: string[];
  /** Takes in what was found in a database. */
  add(verdict: Verdict): void;
}

/** What a scenario brings along: how it begins, what it does again and again, and what it has to take down in the end. */
export interface Play {
  readonly round: () => Promise<void>;
  readonly end?: () => Promise<void>;
}

type Scene = Omit<Scenario, 'run'> & {
  /** Has started the service when it resolves. */
  readonly setUp: (rig: Rig, findings: Findings, circumstances: Circumstances) => Promise<Play>;
};

/**
 * A scenario in as many rounds as asked for, on a rig of its own. After the last, the service is up: what is not acknowledged is
 * sent again, and then all of it must be stored, once.
 */
export function inRounds({ setUp, ...scenario }: Scene): Scenario {
  return {
    ...scenario,
    async run(circumstances) {
      const { rounds, onRound, signal } = circumstances;
      const rig = await newRig(circumstances);
      const { findings, outcome } = newFindings();
      let play: Play | undefined;
      try {
        play = await setUp(rig, findings, circumstances);
        for (let round = 0; round < rounds && signal?.aborted !== true; round++) {
          await play.round();
          onRound?.();
        }
        const acknowledged = rig.ledger.acknowledged.size;
        findings.add(await rig.judge());
        await deliverAll(rig.port(), rig.ledger);
        findings.add(await rig.judge());
        return outcome(acknowledged);
      } finally {
        await rig.remove();
        await play?.end?.();
      }
    },
  };
}

function newFindings(): { findings: Findings; outcome: (acknowledged: number) => Outcome } {
  let [lost, doubled] = [0, 0];
  const [recoveriesMs, faults]: [number[], string[]] = [[], []];
  return {
    findings: {
      recoveriesMs,
      faults,
      add(verdict) {
        lost += verdict.lost;
        doubled += verdict.doubled;
        if (verdict.invented > 0) faults.push(`${String(verdict.invented)} messages are not as they were sent`);
        faults.push(...verdict.faults);
      },
    },
    outcome: (acknowledged) => ({ acknowledged, lost, doubled, faults, recoveriesMs }),
  };
}
