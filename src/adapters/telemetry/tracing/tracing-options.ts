/**
 * The value of OTEL_TRACES_SAMPLER; samplers that begin with `parentbased_` follow the decision of the caller, if there is
 * one.
 */
export const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
  'always_on',
  'always_off',
  'traceidratio',
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

export interface TracingOptions {
  /** Where spans are sent, with the path. */
  readonly endpoint: string;
  /** Hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** For one export, with its repetitions. */
  readonly timeoutMs: number;
  readonly sampler: SamplerName;
  /** Share of the traces, for the samplers that have a ratio: 0 to 1. */
  readonly ratio: number;
  /** What the process is known by. */
  readonly resource: Readonly<Record<string, string>>;
}
