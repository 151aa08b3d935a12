import { timestampFromMicros } from '../../domain/timestamp.ts';
import { EraseMessages } from './erase-messages.ts';
import type { Clock } from '../ports/time.ts';
import type { Logger, Metrics } from '../ports/telemetry.ts';
import type { MessageEraser } from '../ports/store.ts';

/** The first run waits until the start is over; the next ones find an hour's messages each. */
const FIRST_RUN_MS = 1_000;
const RUN_EVERY_MS = 3_600_000;
/** Nobody waits for it: it leaves the store to others for most of the time. */
const REST_FOR = 4;
const MICROS_PER_DAY = 86_400_000_000n;

/**
 * Erases in the background what is older than so many days. Of several processes that share a store one at a time does. A run
 * that fails is logged, and the next begins anew.
 */
export class Retention {
  readonly #erase: EraseMessages;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #days: number;
  readonly #stopping = new AbortController();
  #next: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | undefined;

  /** @param days 0 keeps everything */
  constructor(
    ports: { eraser: Pick<MessageEraser, 'eraseNext'>; metrics: Metrics; clock: Clock; logger: Logger },
    days: number,
  ) {
    this.#erase = new EraseMessages(ports.eraser);
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#days = days;
  }

  start(): void {
    if (this.#days > 0) this.#after(FIRST_RUN_MS);
  }

  /** Begins no further step; resolves when the one under way is over. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#next);
    await this.#running;
  }

  #after(milliseconds: number): void {
    this.#next = setTimeout(() => {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
        if (!this.#stopping.signal.aborted) this.#after(RUN_EVERY_MS);
      });
    }, milliseconds);
    this.#next.unref();
  }

  /** Never rejects. */
  async #run(): Promise<void> {
    const before = timestampFromMicros(this.#clock.now() - BigInt(this.#days) * MICROS_PER_DAY);
    let counted = 0;
    try {
      const { messages, statuses, bodies } = await this.#erase.execute(
        { of: 'age', before, keepFrom: [], keepSince: null },
        {
          signal: this.#stopping.signal,
          restFor: REST_FOR,
          whenBusy: 'leave',
          onProgress: (erased) => {
            this.#metrics.messagesErased(erased.messages - counted);
            counted = erased.messages;
          },
        },
      );
      if (messages + statuses > 0) this.#logger.info('old messages were erased', { messages, statuses, bodies });
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.error('old messages could not be erased', { messages: counted, reason });
    }
  }
}
