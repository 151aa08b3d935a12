import type { Random } from './random.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Outcome {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** All other faults, in words. */
  readonly faults: readonly string[];
  /** From the end of each fault until the service accepted messages again, in ms. */
  readonly recoveriesMs: readonly number[];
}

export interface Circumstances {
  readonly engine: Engine;
  /** Runs the PostgreSQL that Debian has installed, instead of that of npm, which is newer. */
  readonly installed?: boolean;
  /** The number of faults. */
  readonly rounds: number;
  readonly random: Random;
  /** The minimum duration of a fault in ms. */
  readonly holdMs: number;
  /** Called after each round. */
  readonly onRound?: () => void;
  /** Ends after the current round. */
  readonly signal?: AbortSignal;
}

/** A kind of fault that occurs while messages arrive. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly engines: readonly Engine[];
  /** The default number of rounds. */
  readonly rounds: number;
  run(circumstances: Circumstances): Promise<Outcome>;
}
