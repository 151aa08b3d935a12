import type { Provider } from '../../domain/provider.ts';
import type { Rejection, RejectionFilter, RejectionReason } from '../../domain/rejection.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';
import type { Clock } from '../ports/time.ts';
import type { Logger, Metrics, Tracer } from '../ports/telemetry.ts';
import type { RejectionLog, RejectionPage, RejectionPageStart } from '../ports/store.ts';

/** Of a flood so many are looked into at once, and so many a second go on; all are counted. */
const BURST = 50;
const PER_SECOND = 5;
const FLUSH_MS = 250;
/** So many wait for a store that does not answer; more are only counted. */
const MAX_WAITING = 1_000;
const FORGET_MS = 3_600_000;
const MICROS_PER_SECOND = 1_000_000n;
const MICROS_PER_DAY = 86_400n * MICROS_PER_SECOND;

export interface RejectionsOptions {
  /** Rejections that are kept. */
  readonly maxRows: number;
  readonly maxAgeDays: number;
}

/**
 * Keeps the refused deliveries that operators look at for the reason. Costs the answers nothing but a count, and the store
 * a few small writes a second at most, whatever the flood: what comes above the rate is only counted. May lose what it has not
 * written: a rejection is nobody's message.
 */
export class Rejections {
  readonly #log: RejectionLog;
  readonly #metrics: Metrics;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tracer: Tracer;
  readonly #options: RejectionsOptions;
  readonly #forgetting: ReturnType<typeof setInterval>;
  #waiting: Rejection[] = [];
  #flushing: ReturnType<typeof setTimeout> | undefined;
  #writing: Promise<void> | undefined;
  #tokens = BURST;
  #filledAt: bigint;

  constructor(
    ports: { log: RejectionLog; metrics: Metrics; clock: Clock; logger: Logger; tracer: Tracer },
    options: RejectionsOptions,
  ) {
    this.#log = ports.log;
    this.#metrics = ports.metrics;
    this.#clock = ports.clock;
    this.#logger = ports.logger;
    this.#tracer = ports.tracer;
    this.#options = options;
    this.#filledAt = ports.clock.now();
    this.#forgetting = setInterval(() => void this.#flush(), FORGET_MS);
    this.#forgetting.unref();
  }

  /** `describe` is called after the answer, and only for those that are kept: it may take its time. */
  record(provider: Provider, reason: RejectionReason, describe: () => Rejection): void {
    this.#metrics.rejected(provider, reason);
    if (this.#waiting.length >= MAX_WAITING || !this.#takeToken()) return;
    setImmediate(() => {
      // Nobody is left to catch what it throws, and anyone may send what it is about: it would end the process.
      try {
        this.#waiting.push(describe());
      } catch (error) {
        this.#logger.error('a rejection could not be described', { reason: messageOf(error) });
        return;
      }
      if (this.#flushing !== undefined) return;
      this.#flushing = setTimeout(() => void this.#flush(), FLUSH_MS);
      this.#flushing.unref();
    });
  }

  /** The latest first. */
  list(filter: RejectionFilter, start: RejectionPageStart, limit: number): Promise<RejectionPage> {
    return this.#tracer.inSpan('Rejections', () => this.#log.list(filter, start, limit));
  }

  /** Writes what waits, with two writes at most. The last thing to be asked for. */
  async drain(): Promise<void> {
    clearInterval(this.#forgetting);
    await new Promise((resolve) => setImmediate(resolve)); // what was recorded in this turn
    await this.#flush();
  }

  /** Never rejects. One write at a time: writes that pile up before a slow store would keep the process from stopping. */
  #flush(): Promise<void> {
    clearTimeout(this.#flushing);
    this.#flushing = undefined;
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
      } catch (error) {
        this.#logger.warn('rejections could not be kept', { rejections: rejections.length, reason: messageOf(error) });
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
