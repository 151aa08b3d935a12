import { constants } from 'node:os';
import type { Failure, Outcome } from './outcome.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** A command ended early because of a signal. */
export class Stopped extends Error {
  readonly status: number;

  constructor(signal: (typeof SIGNALS)[number]) {
    super(`stopped by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

/** Handles SIGINT and SIGTERM until {@link stopSignal} replaces this. */
export function onSignals(end: (failure: Failure) => void): void {
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      const { message, status } = new Stopped(signal);
      end({ message, status });
    });
  }
}

/** The first SIGINT or SIGTERM aborts it, with {@link Stopped} as its reason. The second ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal);
    process.once(signal, () => {
      stop.abort(new Stopped(signal));
    });
  }
  return stop.signal;
}

/** What an interrupted command leaves whose steps are each complete. */
export const RESUMABLE = 'completed steps are kept, and the same command resumes';

/** Runs a command's work to its outcome. If a signal stops it, the outcome names the signal and what the command leaves. */
export async function untilStopped(left: string, work: (signal: AbortSignal) => Promise<Outcome>): Promise<Outcome> {
  const signal = stopSignal();
  try {
    return await work(signal);
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error; // streams wrap it
    if (!(reason instanceof Stopped)) throw error;
    return { result: {}, words: [], failure: stoppedBy(reason, left) };
  }
}

/** Writes to stderr what stopped a command and what it leaves, for people, and returns it for the outcome. */
export function stoppedBy({ message, status }: Stopped, left: string): Failure {
  const words = `${message}; ${left}`;
  process.stderr.write(`${words}\n`);
  return { status, message: words };
}
