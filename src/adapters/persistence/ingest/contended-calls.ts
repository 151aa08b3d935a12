import { messageKey, type MessageKey } from '../../../domain/message.ts';
import { isMessage, type NewUpdate } from '../../../domain/update.ts';

/** A call that waits longer than this for its turn is given up. */
const PATIENCE_MS = 5_000;
/** How long a key counts as locked after the last call that found it so. */
const LOCKED_MS = 60_000;

interface Call {
  readonly updates: readonly NewUpdate[];
}

export interface ContendedCalls<C extends Call> {
  /** Whether the last call with one of these keys found it locked, so that a group with it would wait for its lock, too. */
  areLocked(updates: readonly NewUpdate[]): boolean;
  add(calls: readonly C[]): void;
  /** Gives up all calls that wait. */
  abandon(): void;
  /** Whether no call waits or is under way. */
  idle(): boolean;
}

export interface ContendedCallsOptions<C extends Call> {
  /** Stores the call alone. Resolves with what answers it, and whether another writer holds a lock that the call needs. */
  readonly attempt: (call: C) => Promise<{ readonly isLocked: boolean; readonly settle: () => void }>;
  /** Settles a call that waited too long. */
  readonly giveUp: (call: C) => void;
  readonly onIdle: () => void;
}

/**
 * The calls of groups that waited too long for a lock. They are stored one by one, beside the commits of groups: only a call whose
 * own key is locked fails, and it holds up neither its group nor a place for commits. Later calls with that key come here
 * directly.
 */
export function contendedCalls<C extends Call>({
  attempt,
  giveUp,
  onIdle,
}: ContendedCallsOptions<C>): ContendedCalls<C> {
  const waiting: { readonly call: C; readonly until: number }[] = [];
  /** The instant at which each key is forgotten, in the order of these instants. */
  const locked = new Map<MessageKey, number>();
  let running = false;

  async function run(): Promise<void> {
    running = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (performance.now() > next.until) {
        giveUp(next.call);
        continue;
      }
      const { isLocked, settle } = await attempt(next.call);
      note(next.call, isLocked);
      settle();
    }
    running = false;
    onIdle();
  }

  function note({ updates }: C, isLocked: boolean): void {
    const now = performance.now();
    for (const [key, until] of locked) {
      if (until > now) break;
      locked.delete(key);
    }
    for (const key of keysOf(updates)) {
      locked.delete(key);
      if (isLocked) locked.set(key, now + LOCKED_MS);
    }
  }

  return {
    areLocked: (updates) => locked.size > 0 && keysOf(updates).some((key) => locked.has(key)),
    add(calls) {
      const until = performance.now() + PATIENCE_MS;
      waiting.push(...calls.map((call) => ({ call, until })));
      if (!running) void run();
    },
    abandon() {
      for (const { call } of waiting.splice(0)) giveUp(call);
    },
    idle: () => !running,
  };
}

function keysOf(updates: readonly NewUpdate[]): MessageKey[] {
  return updates.flatMap((update) => (isMessage(update) || update.kind === 'status' ? [messageKey(update)] : []));
}
