import type { ErasureRule } from '../../domain/erasure-rule.ts';
import type { Erased, ErasureCursor, ErasureStep, MessageEraser } from '../ports/store.ts';

/** How long somebody who finds another erasing waits before the next attempt. */
const BUSY_MS = 250;

export interface EraseOptions {
  /** Stops between two steps, also while it rests, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** All that was erased so far. */
  readonly onProgress?: (erased: Erased) => void;
  /**
   * For how many times as long as each step takes nothing is done after it, so that others come to their turn.
   * @default 1
   */
  readonly restFor?: number;
  /**
   * Whether to wait for another eraser, or to leave the work to it.
   * @default 'wait'
   */
  readonly whenBusy?: 'wait' | 'leave';
}

/** Ends early when the signal is aborted. */
type Sleep = (milliseconds: number, signal: AbortSignal | undefined) => Promise<void>;

/** Erases messages for good, in small steps. Stopped at any instant, what was erased is erased, and calling it again goes on. */
export class EraseMessages {
  readonly #eraser: Pick<MessageEraser, 'eraseNext'>;
  readonly #sleep: Sleep;

  constructor(eraser: Pick<MessageEraser, 'eraseNext'>, sleep: Sleep = wait) {
    this.#eraser = eraser;
    this.#sleep = sleep;
  }

  async execute(
    rule: ErasureRule,
    { signal, onProgress = () => undefined, restFor = 1, whenBusy = 'wait' }: EraseOptions = {},
  ): Promise<Erased> {
    let erased: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };
    for (let cursor: ErasureCursor | null = null; ;) {
      signal?.throwIfAborted();
      const began = performance.now();
      const step: ErasureStep | 'busy' = await this.#eraser.eraseNext(rule, cursor);
      if (step === 'busy') {
        if (whenBusy === 'leave') return erased;
        await this.#sleep(BUSY_MS, signal);
        continue;
      }
      erased = sum(erased, step);
      onProgress(erased);
      if (step.next === null) return erased;
      cursor = step.next;
      await this.#sleep((performance.now() - began) * restFor, signal);
    }
  }
}

function sum(a: Erased, b: Erased): Erased {
  return {
    messages: a.messages + b.messages,
    statuses: a.statuses + b.statuses,
    bodies: a.bodies + b.bodies,
    bereft: a.bereft + b.bereft,
    excerpts: a.excerpts + b.excerpts,
  };
}

function wait(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}
