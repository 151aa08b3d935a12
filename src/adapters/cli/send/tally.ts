import type { Result } from './post.ts';

/** Counts the results of all messages so far. */
export interface Tally {
  readonly add: (result: Result) => void;
  readonly retried: () => void;
  readonly done: () => number;
  readonly refused: () => number;
  readonly summary: (total: number, seconds: number) => Summary;
}

export interface Summary {
  /** And answered. */
  readonly sent: number;
  readonly total: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly refused: number;
  /** How many for which reason. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Duration of the last attempt of each message; null if none was answered. */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

export function newTally(): Tally {
  const outcomes: Record<string, number> = {};
  const refusals: Record<string, number> = {};
  const latencies: number[] = [];
  let [done, refused, retries] = [0, 0, 0];
  return {
    add(result) {
      done++;
      if (result.accepted || result.answered) latencies.push(result.latencyMs);
      if (result.accepted) {
        for (const [word, n] of Object.entries(result.outcomes)) outcomes[word] = (outcomes[word] ?? 0) + n;
      } else {
        refused++;
        refusals[result.reason] = (refusals[result.reason] ?? 0) + 1;
      }
    },
    retried: () => retries++,
    done: () => done,
    refused: () => refused,
    summary(total, seconds) {
      const sorted = latencies.toSorted((a, b) => a - b);
      const sent = sorted.length;
      return {
        sent,
        total,
        outcomes,
        refused,
        refusals,
        retries,
        seconds: rounded(seconds),
        perSecond: seconds > 0 ? Math.round(sent / seconds) : 0,
        latencyMs: sent === 0 ? null : { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) },
      };
    },
  };
}

/** For people. */
export function lines(summary: Summary): string[] {
  const { sent, total, outcomes, refused, refusals, retries, seconds, perSecond, latencyMs } = summary;
  return [
    row('sent', `${String(sent)} of ${String(total)} in ${seconds.toFixed(1)} s, ${String(perSecond)}/s`),
    ...Object.entries(outcomes).map(([word, n]) => row(word, String(n))),
    row('refused', String(refused)),
    ...Object.entries(refusals).map(([reason, n]) => `  ${String(n)} x ${reason}`),
    ...(retries > 0 ? [row('retries', String(retries))] : []),
    ...(latencyMs ? [row('latency', `p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms`)] : []),
  ];
}

function row(title: string, value: string): string {
  return `${title.padEnd(9)}  ${value}`;
}

/** The smallest that at least this share does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  return rounded(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
}

function rounded(number: number): number {
  return Math.round(number * 1_000) / 1_000;
}
