import { comingFrom, isNews, type FeedEntry, type StreamPosition } from '../../domain/stream-position.ts';
import type { Message, Msisdn } from '../../domain/message.ts';
import { foldCase } from '../../domain/text-folding.ts';
import { StreamTail, FEED_PAGE_SIZE, POLL_MS } from './stream-tail.ts';
import { StoreUnavailable, type MessageFilter, type MessageRepository } from '../ports/store.ts';
import type { Metrics } from '../ports/telemetry.ts';
import type { Timer } from '../ports/time.ts';

export type StreamFilter = Pick<MessageFilter, 'from' | 'contains'>;

export interface StreamBatch {
  /** In the order in which they were stored; may be none. */
  readonly messages: readonly FeedEntry[];
  /** Up to here nothing that fits is missing, so here is where to go on. */
  readonly position: StreamPosition;
  /** The place to go on from is not known any more: what was stored since cannot be told. */
  readonly reset: boolean;
}

export interface Subscription {
  /** Ends when it is ended, or the service stops. A reader that is slow is waited for, with one page in memory. */
  readonly batches: AsyncIterable<StreamBatch>;
  /** As often as you like. */
  readonly end: () => void;
  /** Aborted when it is over, for whatever reason. */
  readonly signal: AbortSignal;
}

/** Tells of messages as they are stored, by whichever process, each once and none left out. */
export class MessageStream {
  readonly #repository: MessageRepository;
  readonly #metrics: Metrics;
  readonly #timer: Timer;
  readonly #tail: StreamTail;
  readonly #maxFollowers: number;
  readonly #followers = new Set<AbortController>();
  #stopped = false;

  constructor(
    ports: { repository: MessageRepository; metrics: Metrics; timer: Timer },
    options: { readonly maxFollowers: number },
  ) {
    this.#repository = ports.repository;
    this.#metrics = ports.metrics;
    this.#timer = ports.timer;
    this.#tail = new StreamTail(ports);
    this.#maxFollowers = options.maxFollowers;
  }

  /** This process has stored messages: whoever waits for them need not wait any longer. */
  stored(): void {
    this.#tail.nudge();
  }

  /**
   * Follows what is stored after a position, or from now on. `too_many` follow already, or all `stopped`. Rejects with StoreUnavailable
   * when it cannot begin now; what happens to the store later only delays the batches.
   */
  async open(filter: StreamFilter, after?: StreamPosition): Promise<Subscription | 'too_many' | 'stopped'> {
    if (this.#stopped) return 'stopped';
    if (this.#followers.size >= this.#maxFollowers) return 'too_many';
    const follower = new AbortController();
    const end = (): void => {
      if (!this.#followers.delete(follower)) return;
      this.#metrics.messageStreams(this.#followers.size);
      follower.abort();
    };
    this.#followers.add(follower);
    this.#metrics.messageStreams(this.#followers.size);
    try {
      const start = after ?? (await this.#repository.feedEnd());
      const { signal } = follower;
      return { batches: this.#follow(filter, start, signal), end, signal };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Ends all that follow, and lets nobody begin. */
  stop(): void {
    this.#stopped = true;
    for (const follower of [...this.#followers]) follower.abort();
    this.#followers.clear();
    this.#metrics.messageStreams(0);
  }

  async *#follow(
    filter: StreamFilter,
    start: StreamPosition,
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch, void, undefined> {
    let position = start;
    const needle = filter.contains === undefined ? undefined : foldCase(filter.contains);
    const newsOf = (arrived: readonly FeedEntry[]): StreamBatch => {
      const from = position;
      const passed = arrived.map(({ message, position: at }) => ({ message, position: comingFrom(from, at) }));
      position = passed.at(-1)?.position ?? from;
      const messages = passed.filter((one) => isNews(one.position, from) && fits(one.message, filter.from, needle));
      return { messages, position, reset: false };
    };
    while (!signal.aborted) {
      const page = await this.#untilDone(() => this.#repository.readFeed(position, FEED_PAGE_SIZE), signal);
      if (page === null) return;
      if (page === 'unknown_position') {
        const latest = await this.#untilDone(() => this.#repository.feedEnd(), signal);
        if (latest === null) return;
        position = latest;
        yield { messages: [], position, reset: true };
        continue;
      }
      yield newsOf(page);
      if (page.length > 0) continue;
      for (let caughtUp = true; ; caughtUp = false) {
        const arrived = await this.#tail.next(position, signal, caughtUp);
        if (arrived === null) break;
        yield newsOf(arrived);
      }
    }
  }

  /** Tries again for as long as the store is away. Null when the signal is aborted meanwhile. */
  async #untilDone<T>(read: () => Promise<T>, signal: AbortSignal): Promise<T | null> {
    while (!signal.aborted) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await this.#pause(signal);
      }
    }
    return null;
  }

  #pause(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const over = (): void => {
      resolve(undefined);
    };
    const stop = this.#timer.every(POLL_MS, over);
    signal.addEventListener('abort', over);
    return promise.finally(() => {
      stop();
      signal.removeEventListener('abort', over);
    });
  }
}

/** Of messages, once for all who share a read of them: a long text takes half a millisecond. */
const foldedTexts = new WeakMap<Message, string | null>();

function foldedText(message: Message): string | null {
  let folded = foldedTexts.get(message);
  if (folded === undefined) {
    folded = message.text === null ? null : foldCase(message.text);
    foldedTexts.set(message, folded);
  }
  return folded;
}

/** @param needle folded: see domain/search.ts */
function fits(message: Message, from: Msisdn | undefined, needle: string | undefined): boolean {
  return (
    (from === undefined || message.from === from) &&
    (needle === undefined || foldedText(message)?.includes(needle) === true)
  );
}
