import {
  OutcomesUnknown,
  StoreContended,
  StoreUnavailable,
  type MessageRepository,
  type MessageWriter,
} from '../../../application/ports/store.ts';
import type { Metrics, Tracer } from '../../../application/ports/telemetry.ts';
import type { NewUpdate } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import { contendedCalls } from './contended-calls.ts';
import { measuredCommit } from './measured-commit.ts';
import { bytesOf, settleAll, type PendingCall } from './pending-call.ts';

/** Maximum bytes of bodies and texts per commit; a larger call gets its own commit. The store copies them several times. */
const MAX_GROUP_BYTES = 4 * 2 ** 20;

export interface GroupCommit extends MessageRepository {
  /**
   * Rejects further calls. Resolves with true when everything accepted so far is committed or has failed. If the signal aborts first, it
   * rejects the calls that still wait with StoreUnavailable, so that their senders retry, and resolves with false without waiting for the
   * commits in flight.
   */
  drain(signal?: AbortSignal): Promise<boolean>;
}

export interface GroupedRepository extends MessageRepository {
  /**
   * The same as `add`, but gives up sooner if another writer holds a lock.
   * @default add
   */
  readonly addBriefly?: MessageWriter['add'];
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
 * A failed group is retried call by call, so a message that the store cannot accept, or whose key is locked, fails only its own
 * sender. If the store is unavailable, the whole group fails immediately. Up to `maxQueued` messages wait; further ones are
 * rejected with StoreUnavailable.
 *
 * A commit belongs to the trace of its first recorded caller and links to all of its callers. Each caller's queue span links
 * to the commit.
 */
export function groupCommit(repository: GroupedRepository, options: GroupCommitOptions): GroupCommit {
  const { maxGroup, maxQueued, maxCommits = 1, metrics, tracer } = options;
  const store = measuredCommit(options);
  const addGroup: MessageWriter['add'] = (updates) => repository.add(updates);
  let queue: PendingCall[] = [];
  let queued = 0;
  let commits = 0;
  let gathering = false;
  let closed = false;
  const drained = Promise.withResolvers<boolean>();
  const contended = contendedCalls<PendingCall>({
    async attempt(call) {
      const attempt = await store([call], repository.addBriefly ?? addGroup).then(
        (outcomes) => ({
          isLocked: false,
          settle() {
            call.resolve(outcomes);
          },
        }),
        (error: unknown) => ({
          isLocked: error instanceof StoreContended,
          settle() {
            call.reject(error);
          },
        }),
      );
      leaveQueue([call]);
      return attempt;
    },
    giveUp(call) {
      call.waiting?.end();
      call.reject(new StoreContended('too many calls wait for locks'));
      leaveQueue([call]);
    },
    onIdle: startCommits,
  });

  function add(updates: readonly NewUpdate[]): Promise<readonly UpdateOutcome[]> {
    if (updates.length === 0) return Promise.resolve([]);
    if (closed) return Promise.reject(new StoreUnavailable('the service is stopping'));
    // A call larger than the whole queue is accepted while the queue is empty, or it could never be stored.
    if (queued > 0 && queued + updates.length > maxQueued) {
      return Promise.reject(new StoreUnavailable('too many messages are waiting to be stored'));
    }
    return new Promise((resolve, reject) => {
      const waiting = tracer.startSpan('commit queue');
      const call: PendingCall = { updates, bytes: bytesOf(updates), resolve, reject, caller: tracer.active(), waiting };
      queued += updates.length;
      metrics.queueDepth(queued);
      if (contended.areLocked(updates)) {
        contended.add([call]);
      } else {
        queue.push(call);
        gather();
      }
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
    if (closed && queue.length === 0 && commits === 0 && contended.idle()) drained.resolve(true);
  }

  function giveUp(): void {
    const abandoned = queue;
    queue = [];
    for (const { waiting, reject } of abandoned) {
      waiting?.end();
      reject(new StoreUnavailable('the service is stopping'));
    }
    leaveQueue(abandoned);
    contended.abandon();
    drained.resolve(false);
  }

  function nextGroup(): PendingCall[] {
    let size = 0;
    let held = 0;
    let calls = 0;
    for (const { updates, bytes } of queue) {
      if (calls > 0 && (size + updates.length > maxGroup || held + bytes > MAX_GROUP_BYTES)) break;
      size += updates.length;
      held += bytes;
      calls++;
    }
    const group = queue.slice(0, calls);
    queue = queue.slice(calls);
    return group;
  }

  async function commit(group: PendingCall[]): Promise<void> {
    commits++;
    const settle = await store(group, addGroup).then(
      (outcomes) => () => {
        settleAll(group, outcomes, null);
      },
      async (error: unknown) => {
        if (error instanceof OutcomesUnknown) {
          return () => {
            settleAll(group, error.outcomes, error);
          };
        }
        if (error instanceof StoreContended) {
          contended.add(group);
          return null;
        }
        if (group.length > 1 && !(error instanceof StoreUnavailable)) {
          for (const call of group) await store([call], addGroup).then(call.resolve, call.reject);
          return () => undefined;
        }
        return () => {
          for (const call of group) call.reject(error);
        };
      },
    );
    commits--;
    if (settle !== null) leaveQueue(group);
    // Start the next group first, so that the store works on it while these callers are answered.
    startCommits();
    settle?.();
  }

  function leaveQueue(calls: readonly PendingCall[]): void {
    for (const { updates } of calls) queued -= updates.length;
    metrics.queueDepth(queued);
  }

  return {
    ...repository,
    add,
    async drain(signal) {
      closed = true;
      startCommits(); // resolves `drained` if no commit is in flight
      if (signal?.aborted) giveUp();
      else signal?.addEventListener('abort', giveUp, { once: true });
      const isDrained = await drained.promise;
      signal?.removeEventListener('abort', giveUp);
      return isDrained;
    },
  };
}
