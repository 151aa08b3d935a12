import type { Knex } from 'knex';
import type { MessageRepository, RejectionLog, StepwiseEraser, StoreUsage } from '../../../application/ports/store.ts';
import type { ExpiryRule } from '../../../domain/erasure-rule.ts';
import { follower, FOLLOW_STEP } from '../counters/derived-data-worker.ts';
import { readBound } from '../query/read-limit.ts';
import { watchingWrites } from '../ingest/write-health.ts';
import { openPostgres } from './database.ts';
import { expiryEraser } from '../erasure/expiry-eraser.ts';
import { rejectionLog } from '../rejections/rejection-log.ts';
import { backgroundStep } from './derived-data.ts';
import { postgresErasing } from './erasure.ts';
import { postgresMessageRepository } from './repository.ts';
import { translatingErrors } from './errors.ts';
import { storeUsage } from './usage.ts';

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
  readonly rejections: RejectionLog;
  readonly eraser: StepwiseEraser<ExpiryRule>;
  usage(): Promise<StoreUsage>;
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
    poolSize: maxCommits + 4, // one for the counters, one for rejections, one for erasing, one for the health check
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
  const rejections = rejectionLog({ writes, reads }, translatingErrors);
  const bounded = readBound(poolSize + maxQueuedReads);
  const step = backgroundStep(writes);
  const derived = follower(() => step(FOLLOW_STEP));
  void derived.caughtUp(); // what a replica left behind when it died
  const messages: MessageRepository = {
    async add(updates) {
      const outcomes = await repository.add(updates);
      derived.stored(outcomes.filter((outcome) => outcome === 'created').length);
      return outcomes;
    },
    find: (messageId, provider) => bounded(() => repository.find(messageId, provider)),
    findStatus: (key) => bounded(() => repository.findStatus(key)),
    findReceipt: (key) => bounded(() => repository.findReceipt(key)),
    findPayload: (key) => bounded(() => repository.findPayload(key)),
    list: (...args) => bounded(() => repository.list(...args)),
    stats: () => bounded(() => repository.stats()),
    readFeed: (...args) => bounded(() => repository.readFeed(...args)),
    feedEnd: () => bounded(() => repository.feedEnd()),
    timeseries: (...args) => bounded(() => repository.timeseries(...args)),
    health: () => repository.health(),
  };
  return {
    ...watchingWrites(messages, {
      tryWrite: () => tryWrite(writes),
    }),
    rejections: {
      ...rejections,
      list: (filter, start, limit) => bounded(() => rejections.list(filter, start, limit)),
    },
    eraser: expiryEraser(writes, postgresErasing, translatingErrors),
    usage: () => bounded(() => translatingErrors(() => storeUsage(reads))),
    caughtUp: () => derived.caughtUp(),
    async close() {
      await derived.stop();
      await Promise.all([writes.destroy(), reads.destroy()]);
    },
  };
}

/** What PostgreSQL says of a lock that was not to be had in time. */
const LOCK_NOT_AVAILABLE = '55P03';

/** A write that changes nothing: the server writes the row anew though it is the same. A row that is locked is being written. */
async function tryWrite(writes: Knex): Promise<void> {
  try {
    await writes.transaction(async (transaction) => {
      await transaction.raw("set local lock_timeout = '1s'");
      await transaction('message_totals').update({ messages: transaction.ref('messages') });
    });
  } catch (error) {
    if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
  }
}
