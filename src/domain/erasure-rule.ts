import { comparePositions, type Message, type Msisdn, type Position } from './message.ts';
import type { Timestamp } from './timestamp.ts';
import type { Receipt } from './update.ts';

/**
 * For so many days providers may send a message again, Meta the longest: one that was erased before would be stored a second
 * time.
 */
export const RETRY_DAYS = 7;

/** Which messages go for good. What arrives meanwhile changes nothing of it. */
export type ErasureRule = ExpiryRule | PersonRule;

export interface ExpiryRule {
  readonly of: 'age';
  /** Exclusive: what is older goes, as {@link isExpired} says. */
  readonly before: Timestamp;
  /** Senders whose messages stay. */
  readonly keepFrom: readonly Msisdn[];
  /** Messages from this position on stay; null: age alone decides. */
  readonly keepSince: Position | null;
}

/** All messages from a number and to it. */
export interface PersonRule {
  readonly of: 'person';
  readonly number: Msisdn;
}

type Dated = Pick<Message, 'sentAt'> & Pick<Receipt, 'receivedAt'>;

/**
 * Whether a message is older than that, by its sender's clock and by ours: a sender whose clock is years behind must not lose
 * what was taken a moment ago. Where no one noted when it came, its `sentAt` has to do.
 */
export function isExpired({ sentAt, receivedAt }: Dated, before: Timestamp): boolean {
  return sentAt < before && (receivedAt ?? sentAt) < before;
}

export function isErased(message: Message & Pick<Receipt, 'receivedAt'>, rule: ErasureRule): boolean {
  if (rule.of === 'person') return message.from === rule.number || message.to === rule.number;
  return (
    isExpired(message, rule.before) &&
    !rule.keepFrom.includes(message.from) &&
    (rule.keepSince === null || comparePositions(message, rule.keepSince) < 0)
  );
}

/** So few digits stand in any text by chance: there the plus sign tells a number from them. */
const TELLING_DIGITS = 7;
const PLUS = String.raw`(?:\+|%2[Bb]|\\u002[Bb])`;
/** A quotation mark is `%22` in a form: its digits are none of the number. */
const ESCAPED = String.raw`(?:%|\\u00)[0-9A-Fa-f]{2}`;

/**
 * Whether a body or a piece of one names the number: its digits, with no other digit beside them, after a plus sign in
 * whatever way it was written, or without one as some providers do. Bytes are to be given as one-byte characters.
 */
export function namesNumber(text: string, number: Msisdn): boolean {
  const digits = number.slice(1);
  const before = digits.length < TELLING_DIGITS ? PLUS : `(?:${PLUS}|${ESCAPED}|(?<![0-9]))`;
  return new RegExp(`${before}${digits}(?![0-9])`).test(text);
}

/** Whether an id holds the number of whom the message was from or to: WhatsApp's do, in base64, behind its length. */
export function idHoldsNumber(messageId: string, number: Msisdn): boolean {
  const encoded = /^wamid\.((?:[A-Za-z0-9+/]{4})+)/.exec(messageId)?.[1] ?? '';
  const digits = number.slice(1);
  return atob(encoded).includes(`\x18${String.fromCharCode(digits.length)}${digits}`);
}
