/** Messages taken into the search index at a time: few enough that a commit waits some milliseconds for it, not more. */
export const INDEX_STEP = 500;
/** With less than a step's worth waiting, the index rests this long, so that single messages do not cost a step each. */
const REST_MS = 250;

export interface IndexFollower {
  /** So many messages were stored that the index does not hold. */
  stored(messages: number): void;
  /** Resolves when the index holds everything stored so far, or a step has failed. */
  caughtUp(): Promise<void>;
  /** Takes no further step; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * Lets the search index follow behind the writes. `step` takes at most INDEX_STEP messages and gives how many it took. A step
 * that fails is tried again after the next write; until then searches look through what it did not take.
 */
export function indexFollower(step: () => Promise<number>): IndexFollower {
  let waiting = 0;
  let stopped = false;
  let running: Promise<void> | null = null;
  let rest: NodeJS.Timeout | undefined;

  async function follow(): Promise<void> {
    waiting = 0;
    while (!stopped && (await step().catch(() => 0)) === INDEX_STEP);
    running = null;
    if (waiting > 0) stored(0); // what came during the last step
  }

  function start(): Promise<void> {
    clearTimeout(rest);
    rest = undefined;
    return (running ??= follow());
  }

  function stored(messages: number): void {
    waiting += messages;
    if (stopped || running !== null) return;
    if (waiting >= INDEX_STEP) void start();
    else rest ??= setTimeout(() => void start(), REST_MS).unref();
  }

  return {
    stored,
    async caughtUp() {
      await running; // a run that began earlier may have looked before the last write
      await start();
    },
    async stop() {
      stopped = true;
      clearTimeout(rest);
      await running;
    },
  };
}
