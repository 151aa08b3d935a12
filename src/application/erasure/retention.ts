import type { ExpiryRule } from '../../domain/erasure-rule.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';
import { EraseMessages } from './erase-messages.ts';
import type { Clock, Timer } from '../ports/time.ts';
import type { BackgroundObserver, Logger, RetentionMetrics } from '../ports/telemetry.ts';
import type { StepwiseEraser } from '../ports/store.ts';

/** The first run waits until the service has started; each later run finds the messages of one hour. */
const FIRST_RUN_MS = 1_000;
const RUN_EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;
/** Retention is not urgent: it leaves the store to other work for 80 % of the time. */
const REST_FOR = 4;
const MICROS_PER_DAY = 86_400_000_000n;

/**
 * Erases in the background what is older than a number of days. If several processes share a store, only one erases at a time.
 * A failed run is reported to the observer; the next run starts over, a minute later.
 */
export class Retention {
  readonly #erase: EraseMessages<ExpiryRule>;
  readonly #metrics: RetentionMetrics;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #logger: Logger;
  readonly #background: BackgroundObserver;
  readonly #days: number;
  readonly #stopping = new AbortController();
  #cancelNext: (() => void) | undefined;
  #running: Promise<void> | undefined;

  /** @param days 0 keeps everything */
  constructor(
    ports: {
      eraser: StepwiseEraser<ExpiryRule>;
      metrics: RetentionMetrics;
      clock: Clock;
      timer: Timer;
      logger: Logger;
      background: BackgroundObserver;
    },
    days: number,
  ) {
    this.#erase = new EraseMessages(ports.eraser, ports.timer);
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#timer = ports.timer;
    this.#logger = ports.logger;
    this.#background = ports.background;
    this.#days = days;
  }

  start(): void {
    if (this.#days > 0) this.#runAfter(FIRST_RUN_MS);
  }

  /** Starts no further step; resolves when the current step has ended. */
  async drain(): Promise<void> {
    this.#stopping.abort();
    this.#cancelNext?.();
    await this.#running;
  }

  #runAfter(milliseconds: number): void {
    this.#cancelNext = this.#timer.after(milliseconds, () => {
      this.#running = this.#run().then((succeeded) => {
        this.#running = undefined;
        if (!this.#stopping.signal.aborted) this.#runAfter(succeeded ? RUN_EVERY_MS : RETRY_MS);
      });
    });
  }

  /** Never rejects. Returns whether the run succeeded. */
  async #run(): Promise<boolean> {
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
      this.#background.succeeded('retention');
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#background.failed('retention', error);
      return false;
    }
  }
}
