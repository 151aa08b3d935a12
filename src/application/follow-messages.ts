import { comingFrom, isNews, type ArrivedMessage, type Place } from '../domain/arrival.ts';
import type { Message, Msisdn } from '../domain/message.ts';
import { foldCase } from '../domain/search.ts';
import { ArrivalTail, ARRIVALS_AT_A_TIME, POLL_MS } from './arrival-tail.ts';
import { StoreUnavailable, type MessageFilter, type MessageRepository, type Metrics, type Timer } from './ports.ts';

export type FollowFilter = Pick<MessageFilter, 'from' | 'contains'>;

export interface News {
  /** In the order in which they were stored; may be none. */
  readonly messages: readonly ArrivedMessage[];
  /** Up to here nothing that fits is missing, so here is where to go on. */
  readonly place: Place;
  /** The place to go on from is not known any more: what was stored since cannot be told. */
  readonly reset: boolean;
}

export interface Following {
  /** Ends when it is ended, or the service stops. A reader that is slow is waited for, with one page in memory. */
  readonly news: AsyncIterable<News>;
  /** As often as you like. */
  readonly end: () => void;
  /** Aborted when it is over, for whatever reason. */
  readonly signal: AbortSignal;
}

/** Tells of messages as they are stored, by whichever process, each once and none left out. */
export class FollowMessages {
  readonly #repository: MessageRepository;
  readonly #metrics: Metrics;
  readonly #timer: Timer;
  readonly #tail: ArrivalTail;
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
    this.#tail = new ArrivalTail(ports);
    this.#maxFollowers = options.maxFollowers;
  }

  /** This process has stored messages: whoever waits for them need not wait any longer. */
  stored(): void {
    this.#tail.nudge();
  }

  /**
   * Follows what is stored after a place, or from now on. `too_many` follow already, or all `stopped`. Rejects with StoreUnavailable
   * when it cannot begin now; what happens to the store later only delays the news.
   */
  async open(filter: FollowFilter, after?: Place): Promise<Following | 'too_many' | 'stopped'> {
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
      const start = after ?? (await this.#repository.latestArrival());
      const { signal } = follower;
      return { news: this.#follow(filter, start, signal), end, signal };
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

  async *#follow(filter: FollowFilter, start: Place, signal: AbortSignal): AsyncGenerator<News, void, undefined> {
    let place = start;
    const needle = filter.contains === undefined ? undefined : foldCase(filter.contains);
    const newsOf = (arrived: readonly ArrivedMessage[]): News => {
      const from = place;
      const passed = arrived.map(({ message, place: at }) => ({ message, place: comingFrom(from, at) }));
      place = passed.at(-1)?.place ?? from;
      const messages = passed.filter((one) => isNews(one.place, from) && fits(one.message, filter.from, needle));
      return { messages, place, reset: false };
    };
    while (!signal.aborted) {
      const page = await this.#untilDone(() => this.#repository.arrivals(place, ARRIVALS_AT_A_TIME), signal);
      if (page === null) return;
      if (page === 'unknown_place') {
        const latest = await this.#untilDone(() => this.#repository.latestArrival(), signal);
        if (latest === null) return;
        place = latest;
        yield { messages: [], place, reset: true };
        continue;
      }
      yield newsOf(page);
      if (page.length > 0) continue;
      for (let caughtUp = true; ; caughtUp = false) {
        const arrived = await this.#tail.next(place, signal, caughtUp);
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
