import type { Provider } from '../../domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionReason } from '../../domain/rejection.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';
import type { Clock, Timer } from '../ports/time.ts';
import type { BackgroundObserver, IngestMetrics, Logger, Tracer } from '../ports/telemetry.ts';
import type { RejectionLog, RejectionPage, RejectionPageStart } from '../ports/store.ts';

/** During a flood, the first 50 rejections are kept, then 5 per second; all are counted. */
const BURST = 50;
const PER_SECOND = 5;
const FLUSH_MS = 250;
/** The backlog while the store does not respond; further rejections are only counted. */
const MAX_WAITING = 1_000;
const EXPIRE_EVERY_MS = 3_600_000;
const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND;

export interface RejectionsOptions {
  /** The number of rejections to keep. */
  readonly maxRows: number;
  readonly maxAgeDays: number;
}

/**
 * Keeps rejected deliveries, so that operators can find the reason. A rejection costs the answer only a count, and the store a
 * few small writes per second, however large the flood. A crash may lose rejections that are not written yet: no message is
 * lost with them.
 */
export class Rejections {
  readonly #log: RejectionLog;
  readonly #metrics: Pick<IngestMetrics, 'rejected'>;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #logger: Logger;
  readonly #background: BackgroundObserver;
  readonly #tracer: Tracer;
  readonly #options: RejectionsOptions;
  readonly #stopExpiring: () => void;
  #undescribed: (() => Rejection)[] = [];
  #waiting: Rejection[] = [];
  #cancelFlush: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #tokens = BURST;
  #filledAt: bigint;

  constructor(
    ports: {
      log: RejectionLog;
      metrics: Pick<IngestMetrics, 'rejected'>;
      clock: Clock;
      timer: Timer;
      logger: Logger;
      background: BackgroundObserver;
      tracer: Tracer;
    },
    options: RejectionsOptions,
  ) {
    this.#log = ports.log;
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#timer = ports.timer;
    this.#logger = ports.logger;
    this.#background = ports.background;
    this.#tracer = ports.tracer;
    this.#options = options;
    this.#filledAt = ports.clock.now();
    this.#stopExpiring = ports.timer.every(EXPIRE_EVERY_MS, () => void this.#flush());
  }

  /** Calls `describe` after the answer, and only if the rejection is kept: it may be slow. */
  record(provider: Provider, reason: RejectionReason, describe: () => Rejection): void {
    this.#metrics.rejected(provider, reason);
    if (this.#undescribed.length + this.#waiting.length >= MAX_WAITING || !this.#takeToken()) return;
    this.#undescribed.push(describe);
    if (this.#undescribed.length > 1) return;
    this.#timer.after(0, () => {
      this.#describe();
      if (this.#waiting.length > 0) this.#cancelFlush ??= this.#timer.after(FLUSH_MS, () => void this.#flush());
    });
  }

  /** Latest first. */
  list(filter: RejectionFilter, start: RejectionPageStart, limit: number): Promise<RejectionPage> {
    return this.#tracer.inSpan('Rejections', () => this.#log.list(filter, start, limit));
  }

  /** Writes the backlog in at most two writes. Must be the last call. */
  async drain(): Promise<void> {
    this.#stopExpiring();
    await this.#flush();
  }

  #describe(): void {
    const undescribed = this.#undescribed;
    this.#undescribed = [];
    for (const describe of undescribed) {
      // No caller could catch the error, and anyone may send the delivery that causes it: it would end the process.
      try {
        this.#waiting.push(describe());
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        this.#logger.error('a rejection could not be described', { reason });
      }
    }
  }

  /** Never rejects. One write at a time: writes that pile up in front of a slow store would delay the end of the process. */
  #flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#describe();
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    do {
      const rejections = this.#waiting;
      this.#waiting = [];
      const notBefore = this.#clock.now() - BigInt(this.#options.maxAgeDays) * MICROS_PER_DAY;
      const retention = { maxRows: this.#options.maxRows, notBefore: timestampFromMicros(notBefore) };
      try {
        await this.#log.add(rejections, retention);
        this.#background.succeeded('rejections');
      } catch (error) {
        this.#background.failed('rejections', error);
      }
    } while (this.#waiting.length > 0);
  }

  #takeToken(): boolean {
    const now = this.#clock.now();
    const gained = Number(now - this.#filledAt) * (PER_SECOND / Number(MICROS_PER_SECOND));
    this.#tokens = Math.min(BURST, this.#tokens + Math.max(0, gained));
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}
