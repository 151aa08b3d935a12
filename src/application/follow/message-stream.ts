import type { FeedEntry, StreamPosition } from '../../domain/stream-position.ts';
import type { Message, Msisdn } from '../../domain/message.ts';
import { foldCase } from '../../domain/text-folding.ts';
import { StreamTail, FEED_PAGE_SIZE, POLL_MS } from './stream-tail.ts';
import { StoreUnavailable, type MessageFeed, type MessageFilter } from '../ports/store.ts';
import type { StreamMetrics } from '../ports/telemetry.ts';
import type { Timer } from '../ports/time.ts';

export type StreamFilter = Pick<MessageFilter, 'from' | 'contains'>;

export interface StreamBatch {
  /** In commit order; may be empty. */
  readonly messages: readonly FeedEntry[];
  /** The subscriber has received every matching message up to here, and can resume here. */
  readonly position: StreamPosition;
  /** The position to resume from is unknown, so messages may be missing before this batch. */
  readonly reset: boolean;
}

export interface Subscription {
  /** Ends when `end` is called or the service stops. A slow reader is waited for, with one page in memory. */
  readonly batches: AsyncIterable<StreamBatch>;
  /** May be called repeatedly. */
  readonly end: () => void;
  /** Aborted when the subscription is over, for any reason. */
  readonly signal: AbortSignal;
}

/** Delivers messages to subscribers as any process stores them, each message once and without gaps. */
export class MessageStream {
  readonly #feed: MessageFeed;
  readonly #metrics: StreamMetrics;
  readonly #timer: Timer;
  readonly #tail: StreamTail;
  readonly #maxSubscribers: number;
  readonly #subscribers = new Set<AbortController>();
  #stopped = false;

  constructor(
    ports: { feed: MessageFeed; metrics: StreamMetrics; timer: Timer },
    options: { readonly maxSubscribers: number },
  ) {
    this.#feed = ports.feed;
    this.#metrics = ports.metrics;
    this.#timer = ports.timer;
    this.#tail = new StreamTail(ports);
    this.#maxSubscribers = options.maxSubscribers;
  }

  /** Reports that this process has stored messages, so that waiting subscribers get them without delay. */
  stored(): void {
    this.#tail.nudge();
  }

  /**
   * Subscribes to the messages stored after a position, or from now on. `too_many`: the maximum number of subscribers is
   * reached. `stopped`: the service is stopping. Rejects with StoreUnavailable if it cannot start now; a later failure of the
   * store only delays the batches.
   */
  async open(filter: StreamFilter, after?: StreamPosition): Promise<Subscription | 'too_many' | 'stopped'> {
    if (this.#stopped) return 'stopped';
    if (this.#subscribers.size >= this.#maxSubscribers) return 'too_many';
    const subscriber = new AbortController();
    const end = (): void => {
      if (!this.#subscribers.delete(subscriber)) return;
      this.#metrics.messageStreams(this.#subscribers.size);
      subscriber.abort();
    };
    this.#subscribers.add(subscriber);
    this.#metrics.messageStreams(this.#subscribers.size);
    try {
      const start = after ?? (await this.#feed.feedEnd());
      const { signal } = subscriber;
      return { batches: this.#follow(filter, start, signal), end, signal };
    } catch (error) {
      end();
      throw error;
    }
  }

  /** Ends all subscriptions and accepts no new ones. */
  stop(): void {
    this.#stopped = true;
    for (const subscriber of [...this.#subscribers]) subscriber.abort();
    this.#subscribers.clear();
    this.#metrics.messageStreams(0);
  }

  async *#follow(
    filter: StreamFilter,
    start: StreamPosition,
    signal: AbortSignal,
  ): AsyncGenerator<StreamBatch, void, undefined> {
    let position = start;
    const needle = filter.contains === undefined ? undefined : foldCase(filter.contains);
    const batchOf = (entries: readonly FeedEntry[]): StreamBatch => {
      const messages = entries.filter(({ message }) => fits(message, filter.from, needle));
      return { messages, position, reset: false };
    };
    while (!signal.aborted) {
      const page = await this.#untilDone(() => this.#feed.readFeed(position, FEED_PAGE_SIZE), signal);
      if (page === null) return;
      if (page === 'unknown_position') {
        const latest = await this.#untilDone(() => this.#feed.feedEnd(), signal);
        if (latest === null) return;
        position = latest;
        yield { messages: [], position, reset: true };
        continue;
      }
      position = page.position;
      yield batchOf(page.entries);
      if (page.entries.length > 0) continue;
      if (position.start !== undefined) {
        await this.#pause(signal); // no other subscriber's read is valid for this one
        continue;
      }
      for (let caughtUp = true; ; caughtUp = false) {
        const entries = await this.#tail.next(position, signal, caughtUp);
        if (entries === null) break;
        position = entries.at(-1)?.position ?? position;
        yield batchOf(entries);
      }
    }
  }

  /** Retries while the store is unavailable. Null if the signal is aborted meanwhile. */
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
    const cancel = this.#timer.after(POLL_MS, over);
    signal.addEventListener('abort', over);
    return promise.finally(() => {
      cancel();
      signal.removeEventListener('abort', over);
    });
  }
}

/** Folded texts, shared by all subscribers that share a read: folding a long text takes half a millisecond. */
const foldedTexts = new WeakMap<Message, string | null>();

function foldedText(message: Message): string | null {
  let folded = foldedTexts.get(message);
  if (folded === undefined) {
    folded = message.text === null ? null : foldCase(message.text);
    foldedTexts.set(message, folded);
  }
  return folded;
}

/** @param needle case-folded: see domain/text-folding.ts */
function fits(message: Message, from: Msisdn | undefined, needle: string | undefined): boolean {
  return (
    (from === undefined || message.from === from) &&
    (needle === undefined || foldedText(message)?.includes(needle) === true)
  );
}
