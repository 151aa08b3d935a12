import { StoreUnavailable, type MessageRepository } from '../../../application/ports/store.ts';
import type { Metrics, Span, Tracer } from '../../../application/ports/telemetry.ts';
import type { NewUpdate, UpdateOutcome } from '../../../domain/update.ts';

interface Pending {
  readonly updates: readonly NewUpdate[];
  readonly resolve: (outcomes: readonly UpdateOutcome[]) => void;
  readonly reject: (error: unknown) => void;
  /** What its caller does. */
  readonly caller: Span;
  /** Its time in the queue. */
  readonly waiting: Span;
}

export interface GroupCommit extends MessageRepository {
  /** Resolves when everything accepted so far is committed or refused. Accepts nothing more. */
  drain(): Promise<void>;
}

export interface GroupCommitOptions {
  /** Messages in a commit; a call with more has one of its own. */
  readonly maxGroup: number;
  /** Messages that may wait. */
  readonly maxQueued: number;
  /**
   * Commits under way at a time.
   * @default 1
   */
  readonly maxCommits?: number;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/**
 * Lets many callers share a commit. What is added while as many commits as may be are under way forms the next group; there is no timer,
 * so a lone message waits for nobody. Each add resolves after the commit that holds it.
 *
 * A group that fails is tried again call by call, so that a message the store cannot take fails only its own sender. When
 * the store is away, all of the group is told so at once. At most `maxQueued` messages wait; further ones are refused
 * with StoreUnavailable.
 *
 * A commit is in the trace of the first of its callers that is recorded, and linked to all of them; the span of each caller's
 * time in the queue is linked to the commit.
 */
export function groupCommit(repository: MessageRepository, options: GroupCommitOptions): GroupCommit {
  const { maxGroup, maxQueued, maxCommits = 1, metrics, tracer } = options;
  let queue: Pending[] = [];
  let queued = 0;
  let commits = 0;
  let gathering = false;
  let closed = false;
  const drained = Promise.withResolvers<undefined>();

  function add(updates: readonly NewUpdate[]): Promise<readonly UpdateOutcome[]> {
    if (updates.length === 0) return Promise.resolve([]);
    if (closed) return Promise.reject(new StoreUnavailable('the service is stopping'));
    // One call larger than the whole queue is let in when nothing waits, or it could never be.
    if (queued > 0 && queued + updates.length > maxQueued) {
      return Promise.reject(new StoreUnavailable('too many messages are waiting to be stored'));
    }
    return new Promise((resolve, reject) => {
      queue.push({ updates, resolve, reject, caller: tracer.active(), waiting: tracer.startSpan('commit queue') });
      queued += updates.length;
      metrics.queueDepth(queued);
      gather();
    });
  }

  /** Lets the event loop hand over every request that has arrived meanwhile: they belong to this group. */
  function gather(): void {
    if (gathering || commits === maxCommits) return;
    gathering = true;
    setImmediate(() => {
      gathering = false;
      startCommits();
    });
  }

  function startCommits(): void {
    while (queue.length > 0 && commits < maxCommits) void commit(nextGroup());
    if (closed && queue.length === 0 && commits === 0) drained.resolve(undefined);
  }

  function nextGroup(): Pending[] {
    let size = 0;
    let calls = 0;
    for (const { updates } of queue) {
      if (calls > 0 && size + updates.length > maxGroup) break;
      size += updates.length;
      calls++;
    }
    const group = queue.slice(0, calls);
    queue = queue.slice(calls);
    return group;
  }

  async function commit(group: Pending[]): Promise<void> {
    commits++;
    const updates = group.flatMap((call) => call.updates);
    const span = commitSpan(group);
    for (const { waiting } of group) {
      waiting.link(span);
      waiting.end();
    }
    const settle = await timedAdd(updates, span).then(
      (outcomes) => () => {
        let first = 0;
        for (const call of group) {
          call.resolve(outcomes.slice(first, first + call.updates.length));
          first += call.updates.length;
        }
      },
      async (error: unknown) => {
        if (group.length > 1 && !(error instanceof StoreUnavailable)) {
          for (const call of group) {
            await timedAdd(call.updates, commitSpan([call])).then(call.resolve, call.reject);
          }
          return () => undefined;
        }
        return () => {
          for (const call of group) call.reject(error);
        };
      },
    );
    commits--;
    queued -= updates.length;
    metrics.queueDepth(queued);
    // The next group first: the store works on it while this one is being answered.
    startCommits();
    settle();
  }

  async function timedAdd(updates: readonly NewUpdate[], span: Span): Promise<readonly UpdateOutcome[]> {
    const start = performance.now();
    const report = (outcome: 'committed' | 'failed'): void => {
      metrics.commit({ messages: updates.length, seconds: (performance.now() - start) / 1000, outcome });
      span.set({ 'commit.messages': updates.length, 'commit.outcome': outcome });
      span.end();
    };
    try {
      const outcomes = await repository.add(updates);
      report('committed');
      return outcomes;
    } catch (error) {
      span.fail(error);
      report('failed');
      throw error;
    }
  }

  function commitSpan(calls: readonly Pending[]): Span {
    const callers = calls.map(({ caller }) => caller);
    const parent = callers.find(({ recorded }) => recorded) ?? callers[0];
    return tracer.startSpan('commit', { parent, links: callers });
  }

  return {
    ...repository,
    add,
    async drain() {
      closed = true;
      startCommits(); // or, when nothing is under way, nobody would say so
      await drained.promise;
    },
  };
}
