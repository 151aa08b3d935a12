/**
 * Whether the duration of a check depends on its input, by the method of dudect (Reparaz, Balasch and Verbauwhede, "Dude,
 * is my code constant time?", 2017): two kinds of inputs in random order, samples above a percentile dropped, because
 * interruptions are not part of the check, and Welch's t-test between the two kinds.
 */

export interface TimingOptions {
  readonly samples?: number;
  /** Calls per sample: more of them make a small difference visible to the clock. */
  readonly calls?: number;
}

/** |t| exceeds it by chance once in two million measurements. */
const T_THRESHOLD = 5;
const MEASUREMENTS = 5;
/** The share of the fastest samples of each kind that counts. */
const KEPT = 0.5;

/**
 * Welch's t between the durations of a check for inputs of two kinds; negative if the first kind is faster. Each kind needs several
 * inputs, otherwise their places in memory would be measured.
 */
export function timingDifference<Input>(
  check: (input: Input) => unknown,
  kinds: readonly [readonly Input[], readonly Input[]],
  { samples = 5_000, calls = 20 }: TimingOptions = {},
): number {
  const times: [number[], number[]] = [[], []];
  const warmUp = samples / 5;
  for (let sample = -warmUp; sample < samples; sample++) {
    const kind = Math.random() < 0.5 ? 0 : 1;
    const inputs = kinds[kind];
    const input = inputs[Math.floor(Math.random() * inputs.length)] as Input;
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call++) check(input);
    const time = Number(process.hrtime.bigint() - start);
    if (sample >= 0) times[kind].push(time);
  }
  return welch(fastest(times[0]), fastest(times[1]));
}

/**
 * Whether the durations differ in each of five measurements, in the same direction. A check that leaks by its duration does so every
 * time; a busy machine does not. Each measurement needs new inputs, because their places in memory make a
 * difference, too, which is always the same one.
 */
export function dependsOnContent(measure: () => number): boolean {
  let sign = 0;
  for (let i = 0; i < MEASUREMENTS; i++) {
    const t = measure();
    if (Math.abs(t) < T_THRESHOLD || Math.sign(t) === -sign) return false;
    sign = Math.sign(t);
  }
  return true;
}

function fastest(times: readonly number[]): number[] {
  return times.toSorted((a, b) => a - b).slice(0, Math.ceil(times.length * KEPT));
}

function welch(a: readonly number[], b: readonly number[]): number {
  const [first, second] = [moments(a), moments(b)];
  return (first.mean - second.mean) / Math.sqrt(first.variance / a.length + second.variance / b.length);
}

function moments(values: readonly number[]): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}
