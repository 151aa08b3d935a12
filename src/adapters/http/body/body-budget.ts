import type { Metrics } from '../../../application/ports/telemetry.ts';

/** What all request bodies together may take of the memory, counted as it is allocated, not as it is filled. */
export interface BodyBudget {
  /** For one request. Holds nothing yet. */
  open(): BodyShare;
}

/** What one request holds of it. */
export interface BodyShare {
  /** Whether a body of a declared length would fit now. Takes nothing: who only declares must not keep others out. */
  admits(bytes: number): boolean;
  /** Holds so many bytes more until the release. Holds none of them and gives false when they do not fit. */
  take(bytes: number): boolean;
  /** Gives back all that is held. May be called again. */
  release(): void;
}

/**
 * A body counts from its first byte until its request is answered, for as long it is in memory: while it arrives, while it
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
