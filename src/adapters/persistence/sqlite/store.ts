import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type StepwiseEraser,
} from '../../../application/ports/store.ts';
import type { ExpiryRule } from '../../../domain/erasure-rule.ts';
import { follower, FOLLOW_STEP } from '../counters/derived-data-worker.ts';
import { readBound } from '../query/read-limit.ts';
import { watchingWrites } from '../ingest/write-health.ts';
import type { SqliteOptions } from './database.ts';
import { pack } from './threads/packed-updates.ts';
import type { StoreAnswer, StoreCall, StoreCalls } from './threads/store-worker.ts';

/** From its sources this runs as TypeScript, built as JavaScript. */
const WORKER = new URL(`./threads/store-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url).href;

/** A thread makes little garbage at a time; left to itself it would keep tens of megabytes for it. */
const YOUNG_GENERATION_MIB = 8;

export interface ThreadedOptions {
  readonly file: string;
  /** A read that takes longer is given up, and rejects as StoreUnavailable. */
  readonly readTimeoutMs: number;
  /** Reads that may wait for a thread; more reject as StoreUnavailable at once. */
  readonly maxQueuedReads: number;
  /** @default one for each processor but the one that serves HTTP, two at least */
  readonly readThreads?: number;
}

export interface ThreadedMessageRepository extends MessageRepository {
  readonly rejections: RejectionLog;
  readonly eraser: StepwiseEraser<ExpiryRule>;
  usage(): Promise<StoreUsage>;
  /** Resolves when the search index and the counters hold everything stored so far. */
  caughtUp(): Promise<void>;
  /** Ends the threads after what they are doing. */
  close(): Promise<void>;
}

/**
 * The repository of an SQLite file on threads: one that writes, and some that read the last commit, so that no read waits
 * for a commit, no commit for a read, and the calling thread for neither. What is derived from the messages follows behind the
 * writes.
 */
export function threadedMessageRepository(options: ThreadedOptions): ThreadedMessageRepository {
  const { file, readTimeoutMs, maxQueuedReads } = options;
  const readThreads = options.readThreads ?? Math.max(2, availableParallelism() - 1);
  const writer = pool({ file }, 1);
  const readers = pool({ file, readOnly: true }, readThreads);

  const write = <M extends keyof StoreCalls>(method: M, ...args: Parameters<StoreCalls[M]>): Result<M> =>
    ask(writer, { method, args } as unknown as StoreCall) as Result<M>;
  // Not left to the pool: its own bound does not count tasks that can be aborted.
  const bounded = readBound(readThreads + maxQueuedReads);
  const read = <M extends keyof StoreCalls>(
    method: M,
    ...args: Parameters<StoreCalls[M]>
  ): Promise<Awaited<Result<M>>> =>
    bounded(() => {
      const call = { method, args } as unknown as StoreCall;
      return ask(readers, call, AbortSignal.timeout(readTimeoutMs)) as Promise<Awaited<Result<M>>>;
    });

  const derived = follower(async () => {
    // One after the other, so that commits can come between.
    const indexed = await write('indexNext', FOLLOW_STEP);
    return Math.max(indexed, await write('countNext', FOLLOW_STEP));
  });
  void derived.caughtUp(); // what was stored before the search index existed, or when the process died
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
    // Asked of the thread that ingests: a flood of slow searches must not make the process look unable to.
    health: () => write('health').catch(() => ({ database: 'unreachable', schema: 'unknown' })),
  };
  return {
    ...watchingWrites(messages, { tryWrite: () => write('tryWrite') }),
    rejections: {
      add: (rejections, retention) => write('addRejections', rejections, retention),
      list: (filter, start, limit) => read('listRejections', filter, start, limit),
    },
    eraser: { eraseNext: (rule, cursor) => write('eraseNext', rule, cursor) },
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
    minThreads: 1, // more come with the load
    idleTimeout: Infinity,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    maxThreads: threads,
  });
}

async function ask(threads: Piscina<StoreCall, StoreAnswer>, call: StoreCall, signal?: AbortSignal): Promise<unknown> {
  const answer = await threads.run(call, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    if (signal?.aborted) throw new StoreUnavailable('a read took too long', { cause: error });
    // The thread died: whatever it has stored of this call was not acknowledged.
    throw new StoreUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
  });
  if (answer.ok) return answer.value;
  const error = answer.unavailable ? new StoreUnavailable(answer.message) : new Error(answer.message);
  if (answer.stack !== undefined) error.stack = answer.stack;
  throw error;
}
