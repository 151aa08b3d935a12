import { StoreUnavailable, type MessageRepository } from '../../../application/ports/store.ts';
import type { Metrics, Span, Tracer } from '../../../application/ports/telemetry.ts';
import type { NewUpdate } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';

interface Pending {
  readonly updates: readonly NewUpdate[];
  readonly resolve: (outcomes: readonly UpdateOutcome[]) => void;
  readonly reject: (error: unknown) => void;
  /** The span in which add was called. */
  readonly caller: Span;
  /** The span of its time in the queue. */
  readonly waiting: Span;
}

export interface GroupCommit extends MessageRepository {
  /**
   * Rejects further calls. Resolves when everything accepted so far is committed or has failed. If the signal aborts first, it rejects
   * the calls that still wait with StoreUnavailable, so that their senders retry, and resolves without waiting for the commits in
   * flight.
   */
  drain(signal?: AbortSignal): Promise<void>;
}

export interface GroupCommitOptions {
  /** Maximum of messages per commit; a larger call gets its own commit. */
  readonly maxGroup: number;
  /** Maximum of messages that wait. */
  readonly maxQueued: number;
  /**
   * Maximum of commits in flight.
   * @default 1
   */
  readonly maxCommits?: number;
  /** Called after each commit that stored a new message. */
  readonly onStored?: () => void;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

/**
 * Lets concurrent callers share a commit. Calls that arrive while the maximum number of commits is in flight form the next
 * group. There is no timer, so a lone message does not wait. Each add resolves after its commit.
 *
 * A failed group is retried call by call, so a message that the store cannot accept fails only its own sender. If the store
 * is unavailable, the whole group fails immediately. Up to `maxQueued` messages wait; further ones are rejected with
 * StoreUnavailable.
 *
 * A commit belongs to the trace of its first recorded caller and links to all of its callers. Each caller's queue span links
 * to the commit.
 */
export function groupCommit(repository: MessageRepository, options: GroupCommitOptions): GroupCommit {
  const { maxGroup, maxQueued, maxCommits = 1, metrics, tracer, onStored = () => undefined } = options;
  let queue: Pending[] = [];
  let queued = 0;
  let commits = 0;
  let gathering = false;
  let closed = false;
  const drained = Promise.withResolvers<undefined>();

  function add(updates: readonly NewUpdate[]): Promise<readonly UpdateOutcome[]> {
    if (updates.length === 0) return Promise.resolve([]);
    if (closed) return Promise.reject(new StoreUnavailable('the service is stopping'));
    // A call larger than the whole queue is accepted while the queue is empty, or it could never be stored.
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

  /** Starts the commit after this turn of the event loop, so that all requests of the turn join the group. */
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

  function giveUp(): void {
    const abandoned = queue;
    queue = [];
    for (const { waiting, reject } of abandoned) {
      waiting.end();
      reject(new StoreUnavailable('the service is stopping'));
    }
    queued -= abandoned.reduce((sum, { updates }) => sum + updates.length, 0);
    metrics.queueDepth(queued);
    drained.resolve(undefined);
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
    // Start the next group first, so that the store works on it while these callers are answered.
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
      if (outcomes.includes('created')) onStored();
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
    async drain(signal) {
      closed = true;
      startCommits(); // resolves `drained` if no commit is in flight
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
      await drained.promise;
      signal?.removeEventListener('abort', giveUp);
    },
  };
}
