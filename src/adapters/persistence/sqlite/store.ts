import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type ExpiryStore,
} from '../../../application/ports/store.ts';
import { derivedDataWorker, DERIVE_STEP } from '../ingest/derived-data-worker.ts';
import { readLimit } from '../query/read-limit.ts';
import { withWriteHealth } from '../ingest/write-health.ts';
import type { SqliteOptions } from './database.ts';
import { pack } from './threads/packed-updates.ts';
import type { StoreAnswer, StoreCall, StoreCalls } from './threads/store-worker.ts';

/** TypeScript when run from the sources, JavaScript in the build. */
const WORKER = new URL(`./threads/store-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href;

/** A thread produces little garbage; without a limit it would reserve tens of megabytes for it. */
const YOUNG_GENERATION_MIB = 8;

export interface ThreadedOptions {
  readonly file: string;
  /** A read that takes longer is aborted and rejects with StoreUnavailable. */
  readonly readTimeoutMs: number;
  /** Reads that may wait for a thread; further ones reject with StoreUnavailable immediately. */
  readonly maxQueuedReads: number;
  /** @default one per processor except the one that serves HTTP, at least two */
  readonly readThreads?: number;
}

export interface ThreadedMessageRepository extends MessageRepository {
  readonly rejections: RejectionLog;
  readonly eraser: ExpiryStore;
  usage(): Promise<StoreUsage>;
  /** Resolves when the search index and the counters include everything stored so far. */
  caughtUp(): Promise<void>;
  /** Stops the threads after their current calls. */
  close(): Promise<void>;
}

/**
 * The repository of an SQLite file on threads: one writes, the others read the last commit. No read waits for a commit, no
 * commit waits for a read, and the calling thread waits for neither. The derived-data worker runs after the writes.
 */
export function threadedMessageRepository(options: ThreadedOptions): ThreadedMessageRepository {
  const { file, readTimeoutMs, maxQueuedReads } = options;
  const readThreads = options.readThreads ?? Math.max(2, availableParallelism() - 1);
  const writer = pool({ file }, 1);
  const readers = pool({ file, readOnly: true }, readThreads);

  const write = <M extends keyof StoreCalls>(method: M, ...args: Parameters<StoreCalls[M]>): Result<M> =>
    ask(writer, { method, args } as unknown as StoreCall) as Result<M>;
  // The pool's own limit does not count abortable tasks.
  const limited = readLimit(readThreads + maxQueuedReads);
  const read = <M extends keyof StoreCalls>(
    method: M,
    ...args: Parameters<StoreCalls[M]>
  ): Promise<Awaited<Result<M>>> =>
    limited(() => {
      const call = { method, args } as unknown as StoreCall;
      return ask(readers, call, AbortSignal.timeout(readTimeoutMs)) as Promise<Awaited<Result<M>>>;
    });

  const derived = derivedDataWorker(async () => {
    // Two calls, so that commits can run between them.
    const indexed = await write('indexNext', DERIVE_STEP);
    return Math.max(indexed, await write('countNext', DERIVE_STEP));
  });
  void derived.caughtUp(); // the backlog of an older version or of a killed process
  const messages: MessageRepository = {
    async add(updates) {
      const outcomes = await write('add', pack(updates));
      derived.stored(outcomes.filter((outcome) => outcome === 'created').length);
      return outcomes;
    },
    find: (messageId, provider) => read('find', messageId, provider),
    findStatus: (key) => read('findStatus', key),
    findReceipt: (key) => read('findReceipt', key),
    findPayload: (key) => read('findPayload', key),
    list: (...args) => read('list', ...args),
    stats: () => read('stats'),
    readFeed: (...args) => read('readFeed', ...args),
    feedEnd: () => read('feedEnd'),
    timeseries: (...args) => read('timeseries', ...args),
    // The writing thread answers, so that a flood of slow searches does not make ingest look unavailable.
    health: () => write('health').catch(() => ({ database: 'unreachable', schema: 'unknown' })),
  };
  return {
    ...withWriteHealth(messages, { tryWrite: () => write('tryWrite') }),
    rejections: {
      add: (rejections, retention) => write('addRejections', rejections, retention),
      list: (filter, start, limit) => read('listRejections', filter, start, limit),
    },
    eraser: {
      eraseNext: (rule, cursor) => write('eraseNext', rule, cursor),
      serverTime: () => Promise.resolve(null),
      outlook: (rule) => read('expiryOutlook', rule),
      countNext: (rule, cursor) => read('countExpired', rule, cursor),
    },
    usage: () => read('usage'),
    caughtUp: () => derived.caughtUp(),
    async close() {
      await derived.stop();
      await write('close');
      await Promise.all([writer.destroy(), readers.destroy()]);
    },
  };
}

type Result<M extends keyof StoreCalls> = ReturnType<StoreCalls[M]>;

function pool(options: SqliteOptions, threads: number): Piscina<StoreCall, StoreAnswer> {
  return new Piscina({
    filename: WORKER,
    workerData: options,
    minThreads: 1, // the pool adds more under load
    idleTimeout: Infinity,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    maxThreads: threads,
  });
}

async function ask(threads: Piscina<StoreCall, StoreAnswer>, call: StoreCall, signal?: AbortSignal): Promise<unknown> {
  const answer = await threads.run(call, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted) throw new StoreUnavailable('a read took too long', { cause: error });
    // The thread died. If it stored something of this call, that was not acknowledged.
    throw new StoreUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
  });
  if (answer.ok) return answer.value;
  const error = answer.unavailable ? new StoreUnavailable(answer.message) : new Error(answer.message);
  if (answer.stack !== undefined) error.stack = answer.stack;
  throw error;
}
