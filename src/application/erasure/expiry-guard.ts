import type { ExpiryRule } from '../../domain/erasure-rule.ts';
import type { Timestamp } from '../../domain/timestamp.ts';
import type { ErasureCursor, ExpiryStore } from '../ports/store.ts';
import type { Clock, Timer } from '../ports/time.ts';

/** A run that erases up to this many messages needs no other explanation, unless the receipts have a gap. */
const FEW_MESSAGES = 1_000;
/** How far the clock may get ahead of the time that has passed. A run erases messages too early by no more than this. */
const AHEAD_MICROS = 3_600_000_000n;

/** Why a run must not erase anything. */
export type Objection =
  /** The clock was set ahead since the start of this process. */
  | { readonly is: 'clock_set_ahead'; readonly aheadSeconds: number }
  /** The run would erase most of the messages. */
  | { readonly is: 'too_much'; readonly messages: number; readonly expired: number };

/**
 * Decides whether a wrong clock may be the reason that messages have expired. While a process runs, its clock is compared with the time that
 * has passed. The time before the start is unknown: there, a wrong clock shows as a first run that would erase most of the messages,
 * either many of them, or messages from before a gap in which nothing was received for as long as messages are kept.
 */
export class ExpiryGuard {
  readonly #store: Pick<ExpiryStore, 'outlook' | 'countNext'>;
  readonly #timer: Timer;
  readonly #startedAt: Timestamp;
  readonly #elapsedAtStart: number;
  #isFirstRun = true;

  constructor(ports: { store: Pick<ExpiryStore, 'outlook' | 'countNext'>; clock: Clock; timer: Timer }) {
    this.#store = ports.store;
    this.#timer = ports.timer;
    this.#startedAt = ports.clock.now();
    this.#elapsedAtStart = ports.timer.elapsed();
  }

  /**
   * @param keptMicros how long messages are kept
   * @param signal rejects with its reason between two pages
   */
  async objection(
    rule: ExpiryRule,
    now: Timestamp,
    keptMicros: bigint,
    signal: AbortSignal,
  ): Promise<Objection | null> {
    const passed = BigInt(Math.round((this.#timer.elapsed() - this.#elapsedAtStart) * 1_000));
    const ahead = now - (this.#startedAt + passed);
    if (ahead > AHEAD_MICROS) return { is: 'clock_set_ahead', aheadSeconds: Number(ahead / 1_000_000n) };
    return this.#isFirstRun ? this.#tooMuch(rule, keptMicros, signal) : null;
  }

  /** A run has ended: later runs only find what has expired since then. */
  completed(): void {
    this.#isFirstRun = false;
  }

  async #tooMuch(rule: ExpiryRule, keptMicros: bigint, signal: AbortSignal): Promise<Objection | null> {
    const { messages, reach, latestReceipts } = await this.#store.outlook(rule);
    const half = messages / 2;
    if (reach <= half) return null;
    const most = this.#hasGap(latestReceipts, keptMicros) ? half : Math.max(half, FEW_MESSAGES);
    const expired = await this.#countUpTo(rule, most, signal);
    return expired > most ? { is: 'too_much', messages, expired } : null;
  }

  /** Stops soon after `most`. */
  async #countUpTo(rule: ExpiryRule, most: number, signal: AbortSignal): Promise<number> {
    let expired = 0;
    for (let cursor: ErasureCursor | null = null; ;) {
      signal.throwIfAborted();
      const { count, next }: Awaited<ReturnType<ExpiryStore['countNext']>> = await this.#store.countNext(rule, cursor);
      expired += count;
      if (next === null || expired > most) return expired;
      cursor = next;
    }
  }

  /** Whether nothing was received before the start for longer than messages are kept. */
  #hasGap(receipts: readonly Timestamp[], keptMicros: bigint): boolean {
    let later: bigint = this.#startedAt;
    for (const receipt of receipts.filter((one) => one < this.#startedAt).sort((a, b) => (a < b ? 1 : -1))) {
      if (later - receipt > keptMicros) return true;
      later = receipt;
    }
    return false;
  }
}
