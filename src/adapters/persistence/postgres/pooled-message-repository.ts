import type { MessageRepository } from '../../../application/ports.ts';
import { follower, FOLLOW_STEP } from '../follower.ts';
import { readBound } from '../read-bound.ts';
import { openPostgres } from './database.ts';
import { backgroundStep } from './derived-data.ts';
import { postgresMessageRepository } from './message-repository.ts';

/** A commit that takes longer is given up: its sender tries again, and finds it stored or not. */
const WRITE_TIMEOUT_MS = 10_000;

export interface PooledOptions {
  readonly url: string;
  /** Connections for reading. */
  readonly poolSize: number;
  /** Commits that may be under way; each has a connection. */
  readonly maxCommits: number;
  /** A read that takes longer is given up, and rejects as StoreUnavailable. */
  readonly readTimeoutMs: number;
  /** Reads that may wait for a connection; more reject as StoreUnavailable at once. */
  readonly maxQueuedReads: number;
}

export interface PooledMessageRepository extends MessageRepository {
  /** Resolves when this replica has put into the counters what it could. */
  caughtUp(): Promise<void>;
  /** Ends the connections after what they are doing. */
  close(): Promise<void>;
}

/** The repository of a PostgreSQL database that any number of replicas share. The counters follow behind the writes. */
export function pooledMessageRepository(options: PooledOptions): PooledMessageRepository {
  const { url, poolSize, maxCommits, readTimeoutMs, maxQueuedReads } = options;
  const writes = openPostgres({
    url,
    poolSize: maxCommits + 2, // one for the counters, one for the health check
    statementTimeoutMs: WRITE_TIMEOUT_MS,
    acquireTimeoutMs: WRITE_TIMEOUT_MS,
  });
  const reads = openPostgres({
    url,
    poolSize,
    statementTimeoutMs: readTimeoutMs,
    acquireTimeoutMs: readTimeoutMs,
  });
  const repository = postgresMessageRepository(writes, reads);
  const bounded = readBound(poolSize + maxQueuedReads);
  const step = backgroundStep(writes);
  const derived = follower(() => step(FOLLOW_STEP));
  void derived.caughtUp(); // what a replica left behind when it died
  return {
    async add(messages) {
      const outcomes = await repository.add(messages);
      derived.stored(outcomes.filter((outcome) => outcome === 'created').length);
      return outcomes;
    },
    find: (messageId) => bounded(() => repository.find(messageId)),
    list: (filter, start, limit) => bounded(() => repository.list(filter, start, limit)),
    stats: () => bounded(() => repository.stats()),
    health: () => repository.health(),
    caughtUp: () => derived.caughtUp(),
    async close() {
      await derived.stop();
      await Promise.all([writes.destroy(), reads.destroy()]);
    },
  };
}
