import type { MessageRepository, RejectionLog, ExpiryStore, StoreUsage } from '../../../application/ports/store.ts';
import { derivedDataWorker, DERIVE_STEP } from '../ingest/derived-data-worker.ts';
import { readLimit } from '../query/read-limit.ts';
import { withWriteHealth } from '../ingest/write-health.ts';
import { openPostgres, tryWrite } from './database.ts';
import { expiryEraser } from '../erasure/expiry-eraser.ts';
import { rejectionLog } from '../rejections/rejection-log.ts';
import { backgroundStep } from './derived-data.ts';
import { postgresDialect } from './dialect.ts';
import { postgresErasing } from './erasure.ts';
import { postgresMessageRepository } from './repository.ts';
import { translatingErrors } from './errors.ts';
import { storeUsage } from './usage.ts';

/** A commit that takes longer is aborted. Its sender retries and learns whether it was stored. */
const WRITE_TIMEOUT_MS = 10_000;

export interface PooledOptions {
  readonly url: string;
  /** Connections for reading. */
  readonly poolSize: number;
  /** Maximum of commits in flight. Each has its own connection. */
  readonly maxCommits: number;
  /** A read that takes longer is aborted and rejects with StoreUnavailable. */
  readonly readTimeoutMs: number;
  /** Reads that may wait for a connection; further ones reject with StoreUnavailable immediately. */
  readonly maxQueuedReads: number;
}

export interface PooledMessageRepository extends MessageRepository {
  readonly rejections: RejectionLog;
  readonly eraser: ExpiryStore;
  usage(): Promise<StoreUsage>;
  /** Resolves when the counters include everything stored so far, unless another replica is counting it. */
  caughtUp(): Promise<void>;
  /** Closes the connections after their current statements. */
  close(): Promise<void>;
}

/** The repository of a PostgreSQL database that any number of replicas share. The derived-data worker runs after the writes. */
export function pooledMessageRepository(options: PooledOptions): PooledMessageRepository {
  const { url, poolSize, maxCommits, readTimeoutMs, maxQueuedReads } = options;
  const writes = openPostgres({
    url,
    poolSize: maxCommits + 4, // one each for counters, rejections, erasing and the health check
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
  const bounded = readLimit(poolSize + maxQueuedReads);
  const step = backgroundStep(writes);
  const derived = derivedDataWorker(() => step(DERIVE_STEP));
  void derived.caughtUp(); // the backlog of a killed replica
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
    ...withWriteHealth(messages, { tryWrite: () => tryWrite(writes) }),
    rejections: {
      ...rejections,
      list: (filter, start, limit) => bounded(() => rejections.list(filter, start, limit)),
    },
    eraser: expiryEraser({
      writes,
      reads,
      dialect: postgresDialect,
      erasing: postgresErasing,
      translate: translatingErrors,
    }),
    usage: () => bounded(() => translatingErrors(() => storeUsage(reads))),
    caughtUp: () => derived.caughtUp(),
    async close() {
      await derived.stop();
      await Promise.all([writes.destroy(), reads.destroy()]);
    },
  };
}
