import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Piscina } from 'piscina';
import {
  StoreUnavailable,
  type MessageRepository,
  type RejectionLog,
  type StoreUsage,
  type ExpiryStore,
} from '../../../application/ports/store.ts';
import type { BackgroundObserver, Logger } from '../../../application/ports/telemetry.ts';
import { closingUntil } from '../ingest/closing-until.ts';
import { derivedDataWorkers, DERIVE_STEP, UNOBSERVED } from '../ingest/derived-data-worker.ts';
import { readLimit, within } from '../query/read-limit.ts';
import { withWriteHealth } from '../ingest/write-health.ts';
import { exposureOf } from './files/exposure.ts';
import { pack } from './threads/packed-updates.ts';
import type { StoreCalls } from './threads/store-calls.ts';
import type { StoreAnswer, StoreCall, WorkerOptions } from './threads/store-worker.ts';
import { endReads, endWaits, monotonicMs, threadControl } from './threads/thread-control.ts';

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
  /** @default nobody learns of failures */
  readonly background?: BackgroundObserver;
  /** @default nothing is logged */
  readonly logger?: Pick<Logger, 'warn'>;
}

export interface ThreadedMessageRepository extends MessageRepository {
  readonly rejections: RejectionLog;
  readonly eraser: ExpiryStore;
  usage(): Promise<StoreUsage>;
  /** Resolves when the search index and the counters include everything stored so far. */
  caughtUp(): Promise<void>;
  /**
   * Ends reads, lets the current write finish, and closes the files so that only the database is left, with everything in it. Logs a
   * warning if another process prevents that. If the signal aborts, it waits for no lock any more and resolves within a second.
   */
  close(signal?: AbortSignal): Promise<void>;
}

/**
 * The repository of an SQLite file on threads: one writes, the others read the last commit. No read waits for a commit, no
 * commit waits for a read, and the calling thread waits for neither. The derived-data workers run after the writes.
 */
export function threadedMessageRepository(options: ThreadedOptions): ThreadedMessageRepository {
  const { file, readTimeoutMs, maxQueuedReads, background = UNOBSERVED, logger } = options;
  const readThreads = options.readThreads ?? Math.max(2, availableParallelism() - 1);
  if (existsSync(file) && exposureOf(file) === 'everybody') {
    logger?.warn('everybody on this machine can read the database: run "chmod 600" on it, its -wal and its -shm', {
      file,
    });
  }
  const control = threadControl();
  const writer = pool({ file, readOnly: false, control }, 1);
  const readers = pool({ file, readOnly: true, control }, readThreads);

  const write = <M extends keyof StoreCalls>(method: M, ...args: Parameters<StoreCalls[M]>): Result<M> =>
    ask(writer, { method, args } as unknown as StoreCall) as Result<M>;
  const limited = readLimit(readThreads + maxQueuedReads);
  // The thread stops at the deadline by itself. A read counts until then, although its caller was answered.
  const read = <M extends keyof StoreCalls>(
    method: M,
    ...args: Parameters<StoreCalls[M]>
  ): Promise<Awaited<Result<M>>> =>
    within(
      readTimeoutMs,
      limited(() => {
        const call = { method, args, endsAt: monotonicMs() + readTimeoutMs } as unknown as StoreCall;
        return ask(readers, call) as Promise<Awaited<Result<M>>>;
      }),
    );

  const derived = derivedDataWorkers(
    { search_index: () => write('indexNext', DERIVE_STEP), counters: () => write('countNext', DERIVE_STEP) },
    background,
  );
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

  async function closeInOrder(): Promise<void> {
    await derived.stop();
    endReads(control);
    await readers.destroy(); // first: a reader that closes last would leave the log behind
    // undefined: it was never opened
    if (((await write('close')) as boolean | undefined) === false) {
      logger?.warn('the latest messages are only in the log of the database: keep the -wal file beside it', { file });
    }
    await writer.destroy();
  }

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
    close: (signal) =>
      closingUntil(signal, closeInOrder(), () => {
        endReads(control);
        endWaits(control);
      }),
  };
}

type Result<M extends keyof StoreCalls> = ReturnType<StoreCalls[M]>;

function pool(options: WorkerOptions, threads: number): Piscina<StoreCall, StoreAnswer> {
  return new Piscina({
    filename: WORKER,
    workerData: options,
    minThreads: 1, // the pool adds more under load
    idleTimeout: Infinity,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
    maxThreads: threads,
  });
}

async function ask(threads: Piscina<StoreCall, StoreAnswer>, call: StoreCall): Promise<unknown> {
  const answer = await threads.run(call).catch((error: unknown) => {
    // The thread died. If it stored something of this call, that was not acknowledged.
    throw new StoreUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
  });
  if (answer.ok) return answer.value;
  const error = answer.unavailable ? new StoreUnavailable(answer.message) : new Error(answer.message);
  if (answer.stack !== undefined) error.stack = answer.stack;
  throw error;
}
