/** Messages taken at a time: more at once cost less each, but a commit may wait for a step: some 7 ms as it is. */
export const FOLLOW_STEP = 1_000;
/** With less than a step's worth waiting, the follower rests this long: single messages must not cost a step each. */
const REST_MS = 1_000;

export interface Follower {
  /** So many messages were stored that are still to be taken in. */
  stored(messages: number): void;
  /** Resolves when everything stored so far is taken in, or a step has failed. */
  caughtUp(): Promise<void>;
  /** Takes no further step; resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * Lets the derived data follow behind the writes. `step` takes in at most FOLLOW_STEP messages and gives how many it took. A
 * step that fails is tried again after the next write; until then reads look through what it did not take.
 */
export function follower(step: () => Promise<number>): Follower {
  let waiting = 0;
  let stopped = false;
  let running: Promise<void> | null = null;
  let rest: NodeJS.Timeout | undefined;

  async function follow(): Promise<void> {
    waiting = 0;
    while (!stopped && (await step().catch(() => 0)) === FOLLOW_STEP);
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
    if (waiting >= FOLLOW_STEP) void start();
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
