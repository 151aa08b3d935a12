import { compareCodePoints, type Message } from './message.ts';

/**
 * A position in commit order, which differs from the order of the messages' timestamps. Only the store that issued it can
 * interpret it, and only until the epoch changes.
 */
export interface StreamPosition {
  readonly epoch: string;
  readonly at: bigint;
  /** Orders positions with the same `at`; may be empty. */
  readonly key: string;
  /**
   * Present while some messages after the position are not new to the subscriber, because they were committed before the
   * subscription began. Only the store interprets these numbers, up to {@link MAX_START_NUMBERS}.
   */
  readonly start?: readonly bigint[];
}

/** Bounds the size of a position, which travels in every event id. */
export const MAX_START_NUMBERS = 101;

/** A message and its position in commit order. */
export interface FeedEntry {
  readonly message: Message;
  readonly position: StreamPosition;
}

/** Negative if `a` comes first, positive if `b` does, 0 if they are equal. Both must belong to one epoch. */
export function compareStreamPositions(a: StreamPosition, b: StreamPosition): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return compareCodePoints(a.key, b.key);
}
