import type { Metrics } from '../../../application/ports/telemetry.ts';

/** The memory that all request bodies together may occupy, counted when it is allocated, not when it is filled. */
export interface BodyBudget {
  /** Opens the share of one request, which holds nothing yet. */
  open(): BodyShare;
}

/** What one request holds of the budget. */
export interface BodyShare {
  /** Whether a body of a declared length would fit now. Holds nothing: a mere declaration must not keep others out. */
  admits(bytes: number): boolean;
  /** Holds more bytes until the release. Returns false and holds none of them if they do not fit. */
  take(bytes: number): boolean;
  /** Releases everything that is held. May be called again. */
  release(): void;
}

/** The share of a request that takes no body: nothing fits. */
export const NO_SHARE: BodyShare = { admits: () => false, take: () => false, release: () => undefined };

/**
 * A body counts from its first byte until its request is answered, because it is in memory for that long: while it arrives, while it
 * is checked, and while it waits for its commit. The queue before the commit is bounded in messages, this in bytes.
 */
export function bodyBudget(maxBytes: number, metrics: Pick<Metrics, 'bodyBytes' | 'bodyShed'>): BodyBudget {
  let held = 0;

  function hold(bytes: number): void {
    held += bytes;
    metrics.bodyBytes(held);
  }

  function fits(bytes: number): boolean {
    if (held + bytes <= maxBytes) return true;
    metrics.bodyShed();
    return false;
  }

  return {
    open() {
      let own = 0;
      return {
        admits: fits,
        take(bytes) {
          if (!fits(bytes)) return false;
          own += bytes;
          hold(bytes);
          return true;
        },
        release() {
          if (own > 0) hold(-own);
          own = 0;
        },
      };
    },
  };
}
