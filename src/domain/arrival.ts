import { compareCodePoints, type Message } from './message.ts';

/**
 * A place in the order in which messages were stored, which is not that of their instants. It means something only to the
 * store that gave it, and there only as long as the epoch lasts.
 */
export interface Place {
  readonly epoch: string;
  readonly at: bigint;
  /** Tells places apart that `at` does not; may be empty. */
  readonly key: string;
}

/** A message, and where it stands in the order in which messages were stored. */
export interface ArrivedMessage {
  readonly message: Message;
  readonly place: Place;
}

/** Negative when `a` comes first, positive when `b` does, 0 when they are the same. Both must be of one epoch. */
export function comparePlaces(a: Place, b: Place): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return compareCodePoints(a.key, b.key);
}
