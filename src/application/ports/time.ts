import type { Timestamp } from '../../domain/timestamp.ts';

/** The present instant. */
export interface Clock {
  now(): Timestamp;
}

/** Every wait of the core. Durations are in milliseconds; no timer keeps the process alive. */
export interface Timer {
  /** Calls back every `milliseconds` until the returned function is called. */
  every(milliseconds: number, callBack: () => void): () => void;
  /** Calls back once after `milliseconds`, unless the returned function is called first. */
  after(milliseconds: number, callBack: () => void): () => void;
}
