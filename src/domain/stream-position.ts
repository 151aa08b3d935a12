import { compareCodePoints, type Message } from './message.ts';

/**
 * A place in the order in which messages were stored, which is not that of their instants. It means something only to the
 * store that gave it, and there only as long as the epoch lasts.
 */
export interface StreamPosition {
  readonly epoch: string;
  readonly at: bigint;
  /** Tells places apart that `at` does not; may be empty. */
  readonly key: string;
  /** Left out where all that is behind the place was stored after following began. */
  readonly old?: OldBehind;
}

/** What is behind a position, though it was stored before following began: all whose `at` is below `end`, but for these. */
export interface OldBehind {
  readonly end: bigint;
  /** At most MAX_EXCEPT. */
  readonly except: readonly bigint[];
}

/** Every place carries them, and every message is looked up in them. */
export const MAX_EXCEPT = 100;

/** A message, and where it stands in the order in which messages were stored. */
export interface FeedEntry {
  readonly message: Message;
  readonly position: StreamPosition;
}

/** Whether what stands behind the place `after` is to be told to those who go on from there. */
export function isNews({ at }: StreamPosition, { old }: StreamPosition): boolean {
  return old === undefined || at >= old.end || old.except.includes(at);
}

/** The same place `to`, for those who come there from the place `from`: what was old to them still is. */
export function comingFrom({ old }: StreamPosition, to: StreamPosition): StreamPosition {
  return old === undefined || to.at >= old.end ? to : { ...to, old };
}

/** Negative when `a` comes first, positive when `b` does, 0 when they are the same. Both must be of one epoch. */
export function compareStreamPositions(a: StreamPosition, b: StreamPosition): number {
  if (a.at !== b.at) return a.at < b.at ? -1 : 1;
  return compareCodePoints(a.key, b.key);
}
