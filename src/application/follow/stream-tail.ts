import { compareStreamPositions, type FeedEntry, type StreamPosition } from '../../domain/stream-position.ts';
import { StoreUnavailable, type MessageFeed } from '../ports/store.ts';
import type { Timer } from '../ports/time.ts';

/** The number of messages per read. */
export const FEED_PAGE_SIZE = 100;
/** How often to look for messages that other processes stored. */
export const POLL_MS = 1_000;

interface Waiter {
  readonly after: StreamPosition;
  readonly settle: (entries: readonly FeedEntry[] | null) => void;
}

/**
 * The place where all subscribers that have read everything wait for more, and share one read of it. It reads when this process
 * has stored something, and once per poll interval, but only while a subscriber waits. A slow subscriber does not wait here, so
 * it delays nobody.
 */
export class StreamTail {
  readonly #feed: MessageFeed;
  readonly #timer: Timer;
  readonly #waiting = new Set<Waiter>();
  /** The next read starts here. No waiter's position is before it. */
  #head: StreamPosition | undefined;
  /** Increases with every reason to read; `#looked` is its value at the start of the last read, or -1 if that left messages behind. */
  #reasons = 0;
  #looked = -1;
  #looking = false;
  #stopPolling: (() => void) | undefined;

  constructor(ports: { feed: MessageFeed; timer: Timer }) {
    this.#feed = ports.feed;
    this.#timer = ports.timer;
  }

  /** Tells the tail that there may be new messages. */
  nudge(): void {
    this.#reasons++;
    void this.#look();
  }

  /**
   * The entries after the position, as soon as there are any. Null if the tail cannot answer: the caller must read by itself, or
   * the signal is aborted.
   * @param after without `start`: all waiters share one read
   * @param caughtUp the caller has just read by itself and found nothing after the position: another read would not help
   */
  next(after: StreamPosition, signal: AbortSignal, caughtUp: boolean): Promise<readonly FeedEntry[] | null> {
    if (signal.aborted) return Promise.resolve(null);
    const head = this.#waiting.size > 0 ? this.#head : undefined;
    if (head?.epoch !== after.epoch || compareStreamPositions(after, head) < 0) {
      if (head !== undefined && !caughtUp) return Promise.resolve(null);
      if (head !== undefined && head.epoch !== after.epoch) this.#deliver(null); // each finds out whether its epoch is over
      if (this.#head !== after) this.#looked = -1; // no read has started at this position yet
      this.#head = after;
    }
    const { promise, resolve } = Promise.withResolvers<readonly FeedEntry[] | null>();
    const leave = (): void => {
      waiter.settle(null);
    };
    const waiter: Waiter = {
      after,
      settle: (entries) => {
        this.#waiting.delete(waiter);
        signal.removeEventListener('abort', leave);
        if (this.#waiting.size === 0) this.#rest();
        resolve(entries);
      },
    };
    signal.addEventListener('abort', leave);
    this.#waiting.add(waiter);
    this.#stopPolling ??= this.#timer.every(POLL_MS, () => {
      this.nudge();
    });
    void this.#look(); // for messages stored since the caller's own read
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
      const entries = await this.#read(head);
      if (this.#head === head) this.#deliver(entries);
      else this.#looked = -1; // the waiters now wait for entries after another position
    }
    this.#looking = false;
  }

  /** Null if the result is valid for no waiter, so that each must read by itself. */
  async #read(after: StreamPosition): Promise<readonly FeedEntry[] | null> {
    try {
      const page = await this.#feed.readFeed(after, FEED_PAGE_SIZE);
      return page === 'unknown_position' ? null : page.entries;
    } catch (error) {
      return error instanceof StoreUnavailable ? [] : null; // the next poll retries
    }
  }

  #deliver(entries: readonly FeedEntry[] | null): void {
    const last = entries?.at(-1);
    if (last !== undefined) this.#head = last.position;
    if (entries?.length === FEED_PAGE_SIZE) this.#looked = -1;
    for (const { after, settle } of [...this.#waiting]) {
      const later = entries?.filter(({ position }) => compareStreamPositions(position, after) > 0) ?? null;
      if (later === null || later.length > 0) settle(later);
    }
  }
}
