import type { ErasureRule } from '../../domain/erasure-rule.ts';
import type { Erased, ErasureCursor, ErasureStep, StepwiseEraser } from '../ports/store.ts';
import type { Timer } from '../ports/time.ts';

/** How long to wait for another eraser before the next attempt. */
const BUSY_MS = 250;

export interface EraseOptions {
  /** Stops between two steps or during a pause, and rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Receives the total so far. */
  readonly onProgress?: (erased: Erased) => void;
  /**
   * The pause after each step, as a multiple of the step's duration. It leaves the store to other work.
   * @default 1
   */
  readonly restFor?: number;
  /**
   * Whether to wait for another eraser, or to leave the work to it.
   * @default 'wait'
   */
  readonly whenBusy?: 'wait' | 'leave';
}

/** Permanently deletes messages, in small steps. After an interruption, the same call resumes the work. */
export class EraseMessages<R extends ErasureRule> {
  readonly #eraser: StepwiseEraser<R>;
  readonly #timer: Timer;

  /** @param timer of a command must keep the process alive: nothing else does during a pause */
  constructor(eraser: StepwiseEraser<R>, timer: Timer) {
    this.#eraser = eraser;
    this.#timer = timer;
  }

  async execute(
    rule: R,
    { signal, onProgress = () => undefined, restFor = 1, whenBusy = 'wait' }: EraseOptions = {},
  ): Promise<Erased> {
    let erased: Erased = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };
    for (let cursor: ErasureCursor | null = null; ;) {
      signal?.throwIfAborted();
      const began = this.#timer.elapsed();
      const step: ErasureStep | 'busy' = await this.#eraser.eraseNext(rule, cursor);
      if (step === 'busy') {
        if (whenBusy === 'leave') return erased;
        await this.#pause(BUSY_MS, signal);
        continue;
      }
      erased = sum(erased, step);
      onProgress(erased);
      if (step.next === null) return erased;
      cursor = step.next;
      await this.#pause((this.#timer.elapsed() - began) * restFor, signal);
    }
  }

  /** Ends early if the signal is aborted. */
  #pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#timer.after(milliseconds, end);
      signal?.addEventListener('abort', end);
      if (signal?.aborted) end();
    });
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
