import { comparePositions, type Message, type Msisdn, type Position } from './message.ts';
import type { Timestamp } from './timestamp.ts';
import type { Receipt } from './update.ts';

/** How long providers retry a message, Meta the longest. A message erased earlier would be stored again by a retry. */
export const RETRY_DAYS = 7;

/** Selects the messages to delete permanently. Messages that arrive meanwhile do not change the selection. */
export type ErasureRule = ExpiryRule | PersonRule;

export interface ExpiryRule {
  readonly of: 'age';
  /** Exclusive. Older messages are erased, as {@link isExpired} defines. */
  readonly before: Timestamp;
  /** Senders whose messages are kept. */
  readonly keepFrom: readonly Msisdn[];
  /** Messages from this position on are kept; null: age alone decides. */
  readonly keepSince: Position | null;
}

/** All messages from a number or to it. */
export interface PersonRule {
  readonly of: 'person';
  readonly number: Msisdn;
}

type Dated = Pick<Message, 'sentAt'> & Pick<Receipt, 'receivedAt'>;

/**
 * Whether a message is older than an instant, by the sender's clock and by ours: a message from a sender whose clock is years
 * behind must not expire right after its receipt. Without a recorded receipt, `sentAt` alone decides.
 */
export function isExpired({ sentAt, receivedAt }: Dated, before: Timestamp): boolean {
  return sentAt < before && (receivedAt ?? sentAt) < before;
}

/** Whether the rule erases a message. */
export function isErased(message: Message & Pick<Receipt, 'receivedAt'>, rule: ErasureRule): boolean {
  if (rule.of === 'person') return message.from === rule.number || message.to === rule.number;
  return (
    isExpired(message, rule.before) &&
    !rule.keepFrom.includes(message.from) &&
    (rule.keepSince === null || comparePositions(message, rule.keepSince) < 0)
  );
}
