import type { Timestamp } from './timestamp.ts';

/** 1-255 Unicode code points, none of them a control character or an unpaired surrogate. Compared code point by code point. */
export type MessageId = string & { readonly __brand: 'MessageId' };

/** `+` and 1-15 digits, as ITU-T E.164 bounds them. A leading zero is allowed: existing senders use one. */
export type Msisdn = string & { readonly __brand: 'Msisdn' };

export interface Message {
  readonly messageId: MessageId;
  readonly from: Msisdn;
  readonly to: Msisdn;
  readonly sentAt: Timestamp;
  /** null when the sender gave none; an empty text is a text. */
  readonly text: string | null;
}

/** Where a message stands in the order of all messages: by instant, then by id. No two messages share a position. */
export type Position = Pick<Message, 'sentAt' | 'messageId'>;

export const MAX_MESSAGE_ID_LENGTH = 255;
export const MAX_TEXT_LENGTH = 4096;

const MSISDN = /^\+[0-9]{1,15}$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

export function isMessageId(value: string): value is MessageId {
  return (
    value.length > 0 &&
    codePointsAtMost(value, MAX_MESSAGE_ID_LENGTH) &&
    !CONTROL_CHARACTER.test(value) &&
    value.isWellFormed()
  );
}

export function isMsisdn(value: string): value is Msisdn {
  return MSISDN.test(value);
}

/**
 * At most 4096 code points that every store can give back unchanged: no U+0000, which PostgreSQL cannot keep, and no
 * unpaired surrogate, which UTF-8 cannot write.
 */
export function isMessageText(value: string): boolean {
  return codePointsAtMost(value, MAX_TEXT_LENGTH) && !value.includes('\0') && value.isWellFormed();
}

/** The one maker of messages. Throws RangeError, naming the field but not its value, when a rule above is broken. */
export function newMessage(fields: {
  messageId: string;
  from: string;
  to: string;
  sentAt: Timestamp;
  text: string | null;
}): Message {
  const { messageId, from, to, sentAt, text } = fields;
  if (!isMessageId(messageId)) throw new RangeError('messageId is not a message id');
  if (!isMsisdn(from)) throw new RangeError('from is not a phone number');
  if (!isMsisdn(to)) throw new RangeError('to is not a phone number');
  if (text !== null && !isMessageText(text)) throw new RangeError('text is too long or not storable');
  return { messageId, from, to, sentAt, text };
}

/** Whether two messages say the same. Two spellings of one instant are the same instant. */
export function sameContent(a: Message, b: Message): boolean {
  return a.from === b.from && a.to === b.to && a.sentAt === b.sentAt && a.text === b.text;
}

/** Negative when `a` comes first, positive when `b` does, 0 when they are the same position. */
export function comparePositions(a: Position, b: Position): number {
  if (a.sentAt !== b.sentAt) return a.sentAt < b.sentAt ? -1 : 1;
  return compareCodePoints(a.messageId, b.messageId);
}

/** By code point, which is also the order of UTF-8 bytes; `<` on strings compares UTF-16 units and differs above U+FFFF. */
export function compareCodePoints(a: string, b: string): number {
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1);
}

function codePointsAtMost(value: string, max: number): boolean {
  if (value.length <= max) return true; // never more code points than UTF-16 units
  if (value.length > 2 * max) return false;
  return Array.from(value).length <= max;
}
