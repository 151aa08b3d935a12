import { compareCodePoints, type Message, type Msisdn } from './message.ts';
import type { Timestamp } from './timestamp.ts';

export interface SenderCount {
  readonly from: Msisdn;
  readonly count: number;
}

export interface Stats {
  readonly totalMessages: number;
  readonly sendersCount: number;
  /** Up to {@link TOP_SENDERS}, in the order of {@link compareSenders}. */
  readonly topSenders: readonly SenderCount[];
  readonly firstMessageAt: Timestamp | null;
  readonly lastMessageAt: Timestamp | null;
}

export const TOP_SENDERS = 10;

/** More messages first; with equal counts the smaller number first, so that the ranking is deterministic. */
export function compareSenders(a: SenderCount, b: SenderCount): number {
  return b.count - a.count || compareCodePoints(a.from, b.from);
}

/** Defines the statistics: every store must return the same result, however it counts. */
export function statsOf(messages: Iterable<Message>): Stats {
  const counts = new Map<Msisdn, number>();
  let totalMessages = 0;
  let firstMessageAt: Timestamp | null = null;
  let lastMessageAt: Timestamp | null = null;
  for (const { from, sentAt } of messages) {
    totalMessages++;
    counts.set(from, (counts.get(from) ?? 0) + 1);
    if (firstMessageAt === null || sentAt < firstMessageAt) firstMessageAt = sentAt;
    if (lastMessageAt === null || sentAt > lastMessageAt) lastMessageAt = sentAt;
  }
  const topSenders = Array.from(counts, ([from, count]) => ({ from, count }))
    .sort(compareSenders)
    .slice(0, TOP_SENDERS);
  return { totalMessages, sendersCount: counts.size, topSenders, firstMessageAt, lastMessageAt };
}
