import type { Timestamp } from '../../domain/timestamp.ts';

/** The present instant. */
export interface Clock {
  now(): Timestamp;
}

/** Every wait of the core. Durations are in milliseconds. */
export interface Timer {
  /** Milliseconds since an arbitrary instant; never decreases, even if the clock is set. */
  elapsed(): number;
  /** Calls back every `milliseconds` until the returned function is called. */
  every(milliseconds: number, callBack: () => void): () => void;
  /** Calls back once after `milliseconds`, unless the returned function is called first. */
  after(milliseconds: number, callBack: () => void): () => void;
}
