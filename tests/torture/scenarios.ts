import { faultScenario } from './fault.ts';
import { kill } from './kill.ts';
import { longRead } from './long-read.ts';
import { POSTGRES_FAULTS } from './postgres-faults.ts';
import { powerCut } from './power-cut.ts';
import type { Scenario } from './scenario.ts';
import { SQLITE_FAULTS } from './sqlite-faults.ts';
import { slowNetwork } from './slow-network.ts';
import { terminate } from './terminate.ts';
import { vanishedReplica } from './vanished-replica.ts';
import { UNUSABLE_FILES } from './unusable-file.ts';

/** Everything that is known to go wrong in the life of the service. */
export const SCENARIOS: readonly Scenario[] = [
  kill,
  terminate,
  powerCut,
  ...SQLITE_FAULTS.map(faultScenario),
  ...UNUSABLE_FILES,
  longRead,
  ...POSTGRES_FAULTS.map(faultScenario),
  slowNetwork,
  vanishedReplica,
];
