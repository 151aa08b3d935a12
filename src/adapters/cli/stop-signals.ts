import { constants } from 'node:os';
import type { Failure, Outcome } from './outcome.ts';

/** Ctrl-C, a supervisor, and a terminal or session that ends. SIGQUIT, Ctrl-\\, still ends a command at once. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type StopSignal = (typeof STOP_SIGNALS)[number];

/** A command ended early because of a signal. */
export class Stopped extends Error {
  readonly status: number;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.status = statusOf(signal);
  }
}

/** As of a program that the signal ends. */
function statusOf(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

/**
 * Makes a signal end the process before a command has begun to handle it, and SIGUSR1 open no debugger. Only process 1 of a container needs a
 * handler for the first: the kernel ends every other process, and a handler would wait for a statement of SQLite to end.
 */
export function endOnSignals(pid: number = process.pid): void {
  process.on('SIGUSR1', () => undefined);
  if (pid !== 1) return;
  for (const signal of STOP_SIGNALS) process.on(signal, endNow);
}

function endNow(signal: NodeJS.Signals): void {
  process.exit(statusOf(signal as StopSignal));
}

/** Handles the stop signals until {@link stopSignal} replaces this. */
export function onSignals(end: (failure: Failure) => void): void {
  for (const signal of STOP_SIGNALS) {
    process.once(signal, () => {
      const { message, status } = new Stopped(signal);
      end({ message, status });
    });
  }
}

/**
 * The first stop signal aborts it, with {@link Stopped} as its reason. The second one, whichever it is, ends the process at once: by the
 * kernel, because a handler would wait for a statement of SQLite to end.
 */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  const first = (signal: NodeJS.Signals): void => {
    for (const one of STOP_SIGNALS) process.off(one, first);
    endOnSignals();
    stop.abort(new Stopped(signal as StopSignal));
  };
  for (const signal of STOP_SIGNALS) {
    process.removeAllListeners(signal);
    process.on(signal, first);
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
