import { describe, expect, it } from '@jest/globals';
import { byLength } from '../support/length.ts';
import { describeNeeding } from '../support/requirements.ts';
import { seededRandom } from './random.ts';
import type { Circumstances, Scenario } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';
import { vanishedReplica } from './vanished-replica.ts';

/** Each scenario shortly, with `npm run test:system` for some rounds, and as long as wanted with `npm run torture`. */

const CASES = SCENARIOS.flatMap((scenario) => scenario.engines.map((engine) => ({ ...scenario, engine })));

describe('nothing acknowledged is lost, and nothing is stored twice', () => {
  it.each(CASES)('$name, $engine: $description', ({ engine, ...scenario }) => play(scenario, { engine }));
});

describeNeeding(['postgresql'], 'on the oldest PostgreSQL that is installed, too', () => {
  it(vanishedReplica.name, () => play(vanishedReplica, { engine: 'postgres', installed: true }));
});

async function play(scenario: Scenario, on: Pick<Circumstances, 'engine' | 'installed'>): Promise<void> {
  const rounds = byLength({ short: scenario.rounds >= 20 ? 2 : 1, long: Math.ceil(scenario.rounds / 4) });
  const outcome = await scenario.run({ ...on, rounds, random: seededRandom(20_261_125), holdMs: 0 });
  expect(outcome).toMatchObject({ lost: 0, doubled: 0, faults: [] });
  expect(outcome.acknowledged).toBeGreaterThan(0);
}
