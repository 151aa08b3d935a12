import type { BackgroundMetrics, BackgroundObserver, BackgroundStep, Logger } from '../ports/telemetry.ts';

/** Further reasons of the same failure are not logged. */
const MAX_REASONS = 5;

/** What is known of one step. */
interface Failure {
  runs: number;
  readonly reasons: Set<string>;
}

/**
 * Knows which background steps fail now. It logs when a step begins to fail, for each new reason, and when the step works again:
 * not for each retry.
 */
export class BackgroundHealth implements BackgroundObserver {
  readonly #logger: Pick<Logger, 'error' | 'info'>;
  readonly #metrics: BackgroundMetrics;
  readonly #failures = new Map<BackgroundStep, Failure>();

  /** @param steps that this process runs */
  constructor(
    ports: { logger: Pick<Logger, 'error' | 'info'>; metrics: BackgroundMetrics },
    steps: readonly BackgroundStep[],
  ) {
    this.#logger = ports.logger;
    this.#metrics = ports.metrics;
    for (const step of steps) this.#metrics.backgroundStep(step, false);
  }

  succeeded(step: BackgroundStep): void {
    const failure = this.#failures.get(step);
    if (failure === undefined) return;
    this.#failures.delete(step);
    this.#metrics.backgroundStep(step, false);
    this.#logger.info('a background step works again', { step, failed_runs: failure.runs });
  }

  failed(step: BackgroundStep, error: unknown): void {
    const failure = this.#failures.get(step) ?? { runs: 0, reasons: new Set<string>() };
    this.#failures.set(step, failure);
    if (failure.runs++ === 0) this.#metrics.backgroundStep(step, true);
    const reason = error instanceof Error ? error.message : String(error);
    const kind = reason.replace(/\d+/g, '0'); // damage may be found at another place each time
    if (failure.reasons.has(kind) || failure.reasons.size === MAX_REASONS) return;
    failure.reasons.add(kind);
    this.#logger.error('a background step fails', { step, reason });
  }

  /** The steps whose last run failed. */
  failing(): readonly BackgroundStep[] {
    return [...this.#failures.keys()].sort();
  }
}
