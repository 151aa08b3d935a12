import { constants } from 'node:os';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** A command ended early because of a signal. */
export class Stopped extends Error {
  readonly status: number;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

/** The first SIGINT or SIGTERM aborts it, with {@link Stopped} as its reason. The second ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort(new Stopped(signal));
    });
  }
  return stop.signal;
}

/** What an interrupted command leaves whose steps are each complete. */
export const RESUMABLE = 'completed steps are kept, and the same command resumes';

/** Runs a command's work to its exit status. If a signal stops it, stderr names the signal and what the command leaves. */
export async function untilStopped(left: string, work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const signal = stopSignal();
  try {
    return await work(signal);
  } catch (error) {
    const reason: unknown = signal.aborted ? signal.reason : error; // streams wrap it
    if (!(reason instanceof Stopped)) throw error;
    process.stderr.write(`${reason.message}; ${left}\n`);
    return reason.status;
  }
}
