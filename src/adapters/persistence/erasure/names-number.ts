import { fromMessageKey, type MessageId, type Msisdn } from '../../../domain/message.ts';

/** Shorter numbers occur in texts by chance: they count only with a plus sign in front. */
const DISTINCTIVE_DIGITS = 7;
/** As text, in a form body, and as an escape in JSON. */
const PLUS = String.raw`(?:\+|%2[Bb]|\\u002[Bb])`;
/** An escaped character, such as the quotation mark `%22`: its digits do not belong to the number. */
const ESCAPED = String.raw`(?:%|\\u00)[0-9A-Fa-f]{2}`;
/** Characters of the longest escape, and one before it. */
export const LONGEST_PREFIX = 7;

/**
 * Whether a body or a part of one contains the number: its digits without adjacent digits, after a plus sign in any spelling, or
 * without a plus sign, as some providers write it. Bytes must be passed as one-byte characters.
 */
export function namesNumber(text: string, number: Msisdn): boolean {
  return text.search(numberPattern(number)) !== -1;
}

/** Finds every place in which {@link namesNumber} finds the number. */
export function numberPattern(number: Msisdn): RegExp {
  const digits = number.slice(1);
  const before = digits.length < DISTINCTIVE_DIGITS ? PLUS : `(?:${PLUS}|${ESCAPED}|(?<![0-9]))`;
  return new RegExp(`${before}${digits}(?![0-9])`, 'g');
}

/** Whether a message id contains the number of the message's sender or recipient. The provider knows the format. */
export type IdNames = (messageId: MessageId, number: Msisdn) => boolean;

/** The same for the key that stands for a message in the database. */
export function keyNames(idNames: IdNames, number: Msisdn): (key: string) => boolean {
  return (key) => idNames(fromMessageKey(key).messageId, number);
}
