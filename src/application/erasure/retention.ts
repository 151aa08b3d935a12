import type { ExpiryRule } from '../../domain/erasure-rule.ts';
import { formatTimestamp, timestampFromMicros, type Timestamp } from '../../domain/timestamp.ts';
import { EraseMessages } from './erase-messages.ts';
import { ExpiryGuard, type Objection } from './expiry-guard.ts';
import type { Clock, Timer } from '../ports/time.ts';
import type { BackgroundObserver, Logger, RetentionMetrics } from '../ports/telemetry.ts';
import type { Erased, ExpiryStore } from '../ports/store.ts';

/** The first run waits until the service has started; each later run finds the messages of one hour. */
const FIRST_RUN_MS = 1_000;
const RUN_EVERY_MS = 3_600_000;
const RETRY_MS = 60_000;
/** Retention is not urgent: it leaves the store to other work for 80 % of the time. */
const REST_FOR = 4;
const MICROS_PER_DAY = 86_400_000_000n;
/** More than the network's delay, and less than would matter for days. */
const CLOCKS_APART_MICROS = 300_000_000n;

/**
 * Erases in the background what is older than a number of days. If several processes share a store, only one erases at a time.
 * A failed run is reported to the observer; the next run starts over, a minute later. Nothing is erased while the clock may be wrong
 * (docs/adr/0024).
 */
export class Retention {
  readonly #store: ExpiryStore;
  readonly #erase: EraseMessages<ExpiryRule>;
  readonly #guard: ExpiryGuard;
  readonly #metrics: RetentionMetrics;
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #logger: Logger;
  readonly #background: BackgroundObserver;
  readonly #days: number;
  readonly #stopping = new AbortController();
  #cancelNext: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #blockedBy: Objection['is'] | null = null;
  #areClocksApart = false;

  /** @param days 0 keeps everything */
  constructor(
    ports: {
      store: ExpiryStore;
      metrics: RetentionMetrics;
      clock: Clock;
      timer: Timer;
      logger: Logger;
      background: BackgroundObserver;
    },
    days: number,
  ) {
    this.#store = ports.store;
    this.#erase = new EraseMessages(ports.store, ports.timer);
    this.#guard = new ExpiryGuard(ports);
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

  /** Never rejects. Returns whether the run succeeded; one that the guard blocks has. */
  async #run(): Promise<boolean> {
    let erased: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };
    try {
      const rule = await this.#rule();
      if (rule === null) {
        this.#background.succeeded('retention');
        return true;
      }
      await this.#erase.execute(rule, {
        signal: this.#stopping.signal,
        restFor: REST_FOR,
        whenBusy: 'leave',
        onProgress: (soFar) => {
          this.#metrics.messagesErased(soFar.messages - erased.messages);
          erased = soFar;
        },
      });
      this.#guard.completed();
      this.#report(erased, {});
      this.#background.succeeded('retention');
      return true;
    } catch (error) {
      this.#report(erased, this.#stopping.signal.aborted ? { stopped: true } : {});
      if (!this.#stopping.signal.aborted) this.#background.failed('retention', error);
      return false;
    }
  }

  /** null: the guard objects. */
  async #rule(): Promise<ExpiryRule | null> {
    const now = await this.#earliestNow();
    const kept = BigInt(this.#days) * MICROS_PER_DAY;
    const rule: ExpiryRule = { of: 'age', before: timestampFromMicros(now - kept), keepFrom: [], keepSince: null };
    const objection = await this.#guard.objection(rule, now, kept, this.#stopping.signal);
    this.#metrics.retentionBlocked(objection !== null);
    if (objection !== null && objection.is !== this.#blockedBy) this.#explain(objection, rule);
    this.#blockedBy = objection?.is ?? null;
    return objection === null ? rule : null;
  }

  /** By this machine's clock, or by that of the database server if that is earlier. */
  async #earliestNow(): Promise<Timestamp> {
    const [server, own] = [await this.#store.serverTime(), this.#clock.now()];
    if (server === null) return own;
    const ahead = own - server;
    const areApart = ahead > CLOCKS_APART_MICROS || -ahead > CLOCKS_APART_MICROS;
    if (areApart && !this.#areClocksApart) {
      this.#logger.warn("the clock differs from the database's: retention goes by the earlier one", {
        ahead_seconds: Number(ahead / 1_000_000n),
      });
    }
    this.#areClocksApart = areApart;
    return ahead < 0n ? own : server;
  }

  #explain(objection: Objection, { before }: ExpiryRule): void {
    const fields = { retention_days: this.#days, before: formatTimestamp(before) };
    if (objection.is === 'clock_set_ahead') {
      this.#logger.error(
        'retention erases nothing, because the clock was set ahead: correct it, or restart the service if it is right',
        { ...fields, ahead_seconds: objection.aheadSeconds },
      );
      return;
    }
    this.#logger.error(
      'retention erases nothing, because it would erase most of the messages at once: correct the clock; if it is right, ' +
        `run "webhook-inbox purge --before ${String(this.#days)}d" once`,
      { ...fields, messages: objection.messages, expired_at_least: objection.expired },
    );
  }

  #report({ messages, statuses, bodies }: Erased, fields: { readonly stopped?: true }): void {
    if (messages + statuses > 0)
      this.#logger.info('old messages were erased', { messages, statuses, bodies, ...fields });
  }
}
