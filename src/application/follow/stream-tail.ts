import { compareStreamPositions, type FeedEntry, type StreamPosition } from '../../domain/stream-position.ts';
import { StoreUnavailable, type MessageRepository } from '../ports/store.ts';
import type { Timer } from '../ports/time.ts';

/** Messages of one read. */
export const FEED_PAGE_SIZE = 100;
/** How often to look for what other processes have stored. */
export const POLL_MS = 1_000;

interface Waiter {
  readonly after: StreamPosition;
  readonly settle: (arrived: readonly FeedEntry[] | null) => void;
}

/**
 * Where all who have read everything wait for more, and share one read of it. It looks when this process has stored something,
 * and from time to time, but only while somebody waits. Whoever is slow does not wait here and is not waited for.
 */
export class StreamTail {
  readonly #repository: MessageRepository;
  readonly #timer: Timer;
  readonly #waiting = new Set<Waiter>();
  /** From here the next read goes on. None of those who wait stands before it. */
  #head: StreamPosition | undefined;
  /** Rises with every reason to look; the number that the last look began with, or -1 when it has left something behind. */
  #reasons = 0;
  #looked = -1;
  #looking = false;
  #stopPolling: (() => void) | undefined;

  constructor(ports: { repository: MessageRepository; timer: Timer }) {
    this.#repository = ports.repository;
    this.#timer = ports.timer;
  }

  /** There may be more now. */
  nudge(): void {
    this.#reasons++;
    void this.#look();
  }

  /**
   * What has arrived after the position, as soon as there is something. Null when that cannot be said here: the caller is to read by
   * itself, or the signal is aborted.
   * @param caughtUp the caller has read by itself just now, and nothing stood behind the position: reading again would not help
   */
  next(after: StreamPosition, signal: AbortSignal, caughtUp: boolean): Promise<readonly FeedEntry[] | null> {
    if (signal.aborted) return Promise.resolve(null);
    const head = this.#waiting.size > 0 ? this.#head : undefined;
    if (head?.epoch !== after.epoch || compareStreamPositions(after, head) < 0) {
      if (head !== undefined && !caughtUp) return Promise.resolve(null);
      if (head !== undefined && head.epoch !== after.epoch) this.#deliver(null); // each finds out whose epoch is over
      if (this.#head !== after) this.#looked = -1; // what lies behind this place was not looked for
      this.#head = after;
    }
    const { promise, resolve } = Promise.withResolvers<readonly FeedEntry[] | null>();
    const leave = (): void => {
      waiter.settle(null);
    };
    const waiter: Waiter = {
      after,
      settle: (arrived) => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', leave);
        if (this.#waiting.size === 0) this.#rest();
        resolve(arrived);
      },
    };
    signal.addEventListener('abort', leave);
    this.#waiting.add(waiter);
    this.#stopPolling ??= this.#timer.every(POLL_MS, () => {
      this.nudge();
    });
    void this.#look(); // for what came since the caller has read
    return promise;
  }

  #rest(): void {
    this.#stopPolling?.();
    this.#stopPolling = undefined;
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    while (this.#waiting.size > 0 && this.#head !== undefined && this.#looked !== this.#reasons) {
      this.#looked = this.#reasons;
      const head = this.#head;
      const page = await this.#read(head);
      if (this.#head === head) this.#deliver(page);
      else this.#looked = -1; // who waits now waits for what comes after another place
    }
    this.#looking = false;
  }

  /** Null when nobody can be told anything, and all are to find out by themselves. */
  async #read(after: StreamPosition): Promise<readonly FeedEntry[] | null> {
    try {
      const page = await this.#repository.readFeed(this.#withOld(after), FEED_PAGE_SIZE);
      return page === 'unknown_position' ? null : page;
    } catch (error) {
      return error instanceof StoreUnavailable ? [] : null; // it is tried again soon
    }
  }

  /** With the farthest end of what is old to anyone, for the store to say when that lies in a future that it lost. */
  #withOld(position: StreamPosition): StreamPosition {
    let { old } = position;
    for (const { after } of this.#waiting) {
      if (after.old !== undefined && after.old.end > (old?.end ?? 0n)) old = after.old;
    }
    return old === undefined ? position : { ...position, old };
  }

  #deliver(page: readonly FeedEntry[] | null): void {
    const last = page?.at(-1);
    if (last !== undefined) this.#head = last.position;
    if (page?.length === FEED_PAGE_SIZE) this.#looked = -1;
    for (const { after, settle } of [...this.#waiting]) {
      const arrived = page?.filter(({ position }) => compareStreamPositions(position, after) > 0) ?? null;
      if (arrived === null || arrived.length > 0) settle(arrived);
    }
  }
}
