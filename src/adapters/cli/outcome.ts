/** Why a command did not do all that it was asked to do. */
export interface Failure {
  /** The exit status, never 0. */
  readonly status: number;
  readonly message: string;
  /** Every error of a configuration. */
  readonly faults?: readonly string[] | undefined;
}

/** How a command ended, for programs and for people. */
export interface Outcome {
  /** Members of the JSON object, with names in camelCase. */
  readonly result: Readonly<Record<string, unknown>>;
  /** Lines for people. */
  readonly words: readonly string[];
  /** Absent if the command did all that it was asked to do. */
  readonly failure?: Failure | undefined;
  /** Where the outcome is written: stderr if stdout carries data. Default: stdout. */
  readonly stream?: NodeJS.WriteStream | undefined;
}
