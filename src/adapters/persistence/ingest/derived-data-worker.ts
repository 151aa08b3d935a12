/** Messages per step. A larger step costs less per message, but commits wait for it: about 7 ms at this size. */
export const DERIVE_STEP = 1_000;
/** The worker waits this long if less than one step is pending, so that single messages do not cost one step each. */
const REST_MS = 1_000;

export interface DerivedDataWorker {
  /** Reports that this many messages were stored. */
  stored(messages: number): void;
  /** Resolves when the derived data includes everything stored so far, or when a step has failed. */
  caughtUp(): Promise<void>;
  /** Starts no further step. Resolves when the current one is finished. */
  stop(): Promise<void>;
}

/**
 * Updates derived data in the background, after the writes. `step` processes up to DERIVE_STEP messages and returns their
 * number. A failed step is retried after the next write; until then reads scan the messages that it left out.
 */
export function derivedDataWorker(step: () => Promise<number>): DerivedDataWorker {
  let waiting = 0;
  let stopped = false;
  let running: Promise<void> | null = null;
  let rest: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    waiting = 0;
    while (!stopped && (await step().catch(() => 0)) === DERIVE_STEP);
    running = null;
    if (waiting > 0) stored(0); // messages that arrived during the last step
  }

  function start(): Promise<void> {
    clearTimeout(rest);
    rest = undefined;
    return (running ??= run());
  }

  function stored(messages: number): void {
    waiting += messages;
    if (stopped || running !== null) return;
    if (waiting >= DERIVE_STEP) void start();
    else rest ??= setTimeout(() => void start(), REST_MS).unref();
  }

  return {
    stored,
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
