import { constants } from 'node:os';

type StopSignal = 'SIGINT' | 'SIGTERM';

/** Why a command ended early: somebody asked it to. */
export class Stopped extends Error {
  readonly status: number;

  constructor(signal: StopSignal) {
    super(`stopped by ${signal}`);
    this.status = 128 + constants.signals[signal];
  }
}

/** Aborted, with a {@link Stopped} for its reason, by the first SIGINT or SIGTERM. A second one ends the process at once. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop.abort(new Stopped(signal));
    });
  }
  return stop.signal;
}
