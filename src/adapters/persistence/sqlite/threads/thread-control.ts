import { StoreUnavailable } from '../../../../application/ports/store.ts';

const READS_END = 0;
const WAITS_END = 1;

/** Orders to threads that are blocked in SQLite and receive no messages: shared memory that they look at themselves. */
export type ThreadControl = Int32Array<SharedArrayBuffer>;

export function threadControl(): ThreadControl {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** Makes all reads fail, those in progress and later ones. */
export function endReads(control: ThreadControl): void {
  Atomics.store(control, READS_END, 1);
}

/** Makes every wait for another process's lock fail. */
export function endWaits(control: ThreadControl): void {
  Atomics.store(control, WAITS_END, 1);
  Atomics.notify(control, WAITS_END);
}

/** Milliseconds of a clock that never steps and that all threads of the process share, unlike `performance.now()`. */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}

export interface ReadDeadline {
  /** Begins a read. Throws if it was given up before it began. */
  begin(endsAt: number | undefined): void;
  /** Throws if the read was given up. SQLite calls it during scans (`read_on`). */
  readonly check: () => number;
  /** Whether the current read was given up. */
  isOver(): boolean;
}

/**
 * Stops the reads of one thread at their deadlines. better-sqlite3 omits SQLite's interrupt and its progress callback, so a scan
 * ends only if a function that it calls throws.
 */
export function readDeadline(control: ThreadControl): ReadDeadline {
  let deadline = Infinity;
  let over = false;

  function check(): number {
    if (Atomics.load(control, READS_END) === 0 && monotonicMs() < deadline) return 1;
    over = true;
    throw new StoreUnavailable('a read took too long');
  }

  return {
    begin(endsAt = Infinity) {
      deadline = endsAt;
      over = false;
      if (endsAt !== Infinity) check();
    },
    check,
    isOver: () => over,
  };
}

/**
 * Retries `work` while another process holds the lock, for up to `patienceMs`. `work` must wait only briefly itself and must change
 * nothing when it fails. The wait ends with {@link endWaits}, unlike that of SQLite's busy timeout.
 */
export async function waitingForLocks<T>(
  control: ThreadControl,
  { patienceMs, isLocked }: { readonly patienceMs: number; readonly isLocked: (error: unknown) => boolean },
  work: () => Promise<T>,
): Promise<T> {
  const deadline = monotonicMs() + patienceMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isLocked(error) || monotonicMs() >= deadline) throw error;
      if (Atomics.wait(control, WAITS_END, 0, RETRY_MS) === 'not-equal') throw error;
    }
  }
}

const RETRY_MS = 5;
