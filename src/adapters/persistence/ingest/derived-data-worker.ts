import type { BackgroundObserver, BackgroundStep } from '../../../application/ports/telemetry.ts';

/** Messages per step. A larger step costs less per message, but commits wait for it: about 7 ms at this size. */
export const DERIVE_STEP = 1_000;
/** The worker waits this long if less than one step is pending, so that single messages do not cost one step each. */
const REST_MS = 1_000;
/** After a failure it retries after 1 s, then after twice as long each time, up to a minute. */
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;
/** Without any message, a step still looks once a minute whether it would work. */
const IDLE_MS = 60_000;

/** For commands, which report their own failures. */
export const UNOBSERVED: BackgroundObserver = { succeeded: () => undefined, failed: () => undefined };

export interface DerivedDataWorker {
  /** Reports that this many messages were stored. */
  stored(messages: number): void;
  /** Resolves when the derived data includes everything stored so far, or when a step has failed. */
  caughtUp(): Promise<void>;
  /** Starts no further step. Resolves when the current one is finished. */
  stop(): Promise<void>;
}

/**
 * Updates one kind of derived data in the background, after the writes. `step` processes up to DERIVE_STEP messages and returns
 * their number. A failed step is retried; until it succeeds, reads scan the messages that it left out.
 */
export function derivedDataWorker(
  name: BackgroundStep,
  step: () => Promise<number>,
  observer: BackgroundObserver,
): DerivedDataWorker {
  let waiting = 0;
  let retryMs = 0;
  let stopped = false;
  let running: Promise<void> | null = null;
  let rest: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    waiting = 0;
    try {
      while (!stopped && (await step()) === DERIVE_STEP);
      retryMs = 0;
      if (!stopped) observer.succeeded(name);
    } catch (error) {
      retryMs = Math.min(Math.max(FIRST_RETRY_MS, retryMs * 2), LAST_RETRY_MS);
      if (!stopped) observer.failed(name, error);
    }
    running = null;
    next();
  }

  function start(): Promise<void> {
    clearTimeout(rest);
    rest = undefined;
    return (running ??= run());
  }

  /** Plans the next run. */
  function next(): void {
    if (stopped || running !== null) return;
    if (waiting >= DERIVE_STEP && retryMs === 0) {
      void start();
      return;
    }
    clearTimeout(rest);
    rest = setTimeout(() => void start(), retryMs > 0 ? retryMs : waiting > 0 ? REST_MS : IDLE_MS).unref();
  }

  return {
    stored(messages) {
      const first = waiting === 0;
      waiting += messages;
      if (retryMs > 0) return; // a retry is planned
      if (first || waiting >= DERIVE_STEP) next();
    },
    async caughtUp() {
      await running; // the current run may have read before the last write
      await start();
    },
    async stop() {
      stopped = true;
      clearTimeout(rest);
      await running;
    },
  };
}

/** One worker per step, so that a step that fails stops no other. */
export function derivedDataWorkers(
  steps: Partial<Record<BackgroundStep, () => Promise<number>>>,
  observer: BackgroundObserver,
): DerivedDataWorker {
  const workers = Object.entries(steps).map(([name, step]) =>
    derivedDataWorker(name as BackgroundStep, step, observer),
  );
  return {
    stored(messages) {
      for (const worker of workers) worker.stored(messages);
    },
    async caughtUp() {
      await Promise.all(workers.map((worker) => worker.caughtUp()));
    },
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
