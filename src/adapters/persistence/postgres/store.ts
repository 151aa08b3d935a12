import { setTimeout as delay } from 'node:timers/promises';
import {
  OutcomesUnknown,
  type ExpiryStore,
  type MessageRepository,
  type MessageWriter,
  type RejectionLog,
  type StoreUsage,
} from '../../../application/ports/store.ts';
import type { BackgroundObserver } from '../../../application/ports/telemetry.ts';
import { closingUntil } from '../ingest/closing-until.ts';
import { derivedDataWorkers, DERIVE_STEP, UNOBSERVED } from '../ingest/derived-data-worker.ts';
import { readLimit } from '../query/read-limit.ts';
import { withWriteHealth } from '../ingest/write-health.ts';
import { UnusableConnection } from './connection/unusable-connection.ts';
import { openPostgres, tryWrite, withConnection } from './database.ts';
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
/** Other replicas hold locks for one commit; only a session that has stopped holds them for longer. */
const LOCK_TIMEOUT_MS = 1_000;
/** The limits of a call that has waited for a lock before, alone, while others like it wait for their turn. */
const BRIEF = { statementTimeoutMs: 2_000, lockTimeoutMs: 250 };
/** No transaction of the service waits for anything but its next statement. */
const IDLE_IN_TRANSACTION_MS = 5_000;
/** A start does not wait longer for a database that may be unavailable. */
const START_MS = 2_000;
/** When to count again, if another replica was counting: it may have missed what this one stored meanwhile. */
const COUNT_AGAIN_MS = 1_000;

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
  /** @default nobody learns of failures */
  readonly background?: BackgroundObserver;
}

export interface PooledMessageRepository extends MessageRepository {
  /** The same as `add`, but gives up within 250 ms if another session holds a lock. One call at a time. */
  readonly addBriefly: MessageWriter['add'];
  readonly rejections: RejectionLog;
  readonly eraser: ExpiryStore;
  usage(): Promise<StoreUsage>;
  /** Rejects if no connection can ever be used as DATABASE_URL stands. A database that does not answer is no reason. */
  requireUsable(): Promise<void>;
  /** Resolves when the counters include everything stored so far, unless another replica is counting it. */
  caughtUp(): Promise<void>;
  /** Closes the connections after their current statements, for which it stops waiting if the signal aborts. */
  close(signal?: AbortSignal): Promise<void>;
}

/** The repository of a PostgreSQL database that any number of replicas share. The derived-data worker runs after the writes. */
export function pooledMessageRepository(options: PooledOptions): PooledMessageRepository {
  const { url, poolSize, maxCommits, readTimeoutMs, maxQueuedReads, background = UNOBSERVED } = options;
  const common = { url, idleInTransactionMs: IDLE_IN_TRANSACTION_MS };
  const writes = openPostgres({
    ...common,
    poolSize: maxCommits + 4, // one each for counters, rejections, erasing and the health check
    statementTimeoutMs: WRITE_TIMEOUT_MS,
    lockTimeoutMs: LOCK_TIMEOUT_MS,
    acquireTimeoutMs: WRITE_TIMEOUT_MS,
  });
  // Without a connection until a call waits for a lock.
  const briefWrites = openPostgres({ ...common, ...BRIEF, poolSize: 1, acquireTimeoutMs: WRITE_TIMEOUT_MS });
  const reads = openPostgres({
    ...common,
    poolSize,
    statementTimeoutMs: readTimeoutMs,
    acquireTimeoutMs: readTimeoutMs,
  });
  const repository = postgresMessageRepository(writes, reads);
  const rejections = rejectionLog({ writes, reads }, translatingErrors);
  const bounded = readLimit(poolSize + maxQueuedReads);
  const step = backgroundStep(writes, background);
  const count = async (): Promise<number> => {
    const counted = await step(DERIVE_STEP);
    if (counted !== 'busy') return counted;
    await delay(COUNT_AGAIN_MS, undefined, { ref: false });
    return DERIVE_STEP;
  };
  const derived = derivedDataWorkers({ counters: count }, background);
  void derived.caughtUp(); // the backlog of a killed replica
  const counted = async (adding: ReturnType<MessageWriter['add']>): ReturnType<MessageWriter['add']> => {
    const report = (outcomes: readonly unknown[]): void => {
      derived.stored(outcomes.filter((outcome) => outcome === 'created').length);
    };
    try {
      const outcomes = await adding;
      report(outcomes);
      return outcomes;
    } catch (error) {
      if (error instanceof OutcomesUnknown) report(error.outcomes);
      throw error;
    }
  };
  const brief = postgresMessageRepository(briefWrites, reads);
  const messages: MessageRepository = {
    add: (updates) => counted(repository.add(updates)),
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
    addBriefly: (updates) => counted(brief.add(updates)),
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
    async requireUsable() {
      const connected = withConnection(writes, () => Promise.resolve()).catch((error: unknown) => {
        if (error instanceof UnusableConnection) throw error;
      });
      await Promise.race([connected, delay(START_MS, undefined, { ref: false })]);
    },
    caughtUp: () => derived.caughtUp(),
    async close(signal) {
      const closing = derived.stop().then(async () => {
        await Promise.all([writes, briefWrites, reads].map((pool) => pool.destroy()));
      });
      await closingUntil(signal, closing, () => undefined);
    },
  };
}
