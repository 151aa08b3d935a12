import type { Random } from './random.ts';

export type Engine = 'sqlite' | 'postgres';

export interface Outcome {
  readonly acknowledged: number;
  readonly lost: number;
  readonly doubled: number;
  /** Everything else that was not as it must be, in words. */
  readonly faults: readonly string[];
  /** From the end of each fault until the service took messages again, in ms. */
  readonly recoveriesMs: readonly number[];
}

export interface Circumstances {
  readonly engine: Engine;
  /** How often it happens. */
  readonly rounds: number;
  readonly random: Random;
  /** How long a fault lasts at least, in ms. */
  readonly holdMs: number;
  /** Told after each round. */
  readonly onRound?: () => void;
  /** Ends after the round under way. */
  readonly signal?: AbortSignal;
}

/** Something that goes wrong while messages come in. */
export interface Scenario {
  readonly name: string;
  readonly description: string;
  readonly engines: readonly Engine[];
  /** Of a run that nobody has chosen a number for. */
  readonly rounds: number;
  run(circumstances: Circumstances): Promise<Outcome>;
}
