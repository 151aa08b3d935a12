import { provider, WEBHOOK, type Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** 1-255 Unicode code points, none of them a control character or an unpaired surrogate. Compared code point by code point. */
export type MessageId = string & { readonly __brand: 'MessageId' };

/** `+` and 1-15 digits, as ITU-T E.164 bounds them. A leading zero is allowed: existing senders use one. */
export type Msisdn = string & { readonly __brand: 'Msisdn' };

/** What tells a message from all others: its id among those of its provider. Made by {@link messageKey} only. */
export type MessageKey = string & { readonly __brand: 'MessageKey' };

export interface Message {
  readonly provider: Provider;
  /** Unique among the messages of its provider. */
  readonly messageId: MessageId;
  readonly from: Msisdn;
  readonly to: Msisdn;
  readonly sentAt: Timestamp;
  /** What it is in the provider's word: `text`, `image`, `location`, … */
  readonly type: string;
  /** Also a caption. null when the sender gave none; an empty text is a text. */
  readonly text: string | null;
}

/** Where a message stands in the order of all messages: by instant, id and provider. No two messages share a position. */
export type Position = Pick<Message, 'sentAt' | 'messageId' | 'provider'>;

/** `asc`: as comparePositions orders. `desc`: the other way round, the newest first. */
export type Order = 'asc' | 'desc';

export const MAX_MESSAGE_ID_LENGTH = 255;
export const MAX_TEXT_LENGTH = 4096;
const MAX_TYPE_LENGTH = 64;

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

/** 1-64 characters, none of them a control character or an unpaired surrogate. */
export function isMessageType(value: string): boolean {
  return isMessageId(value) && value.length <= MAX_TYPE_LENGTH;
}

/** The one maker of messages. Throws RangeError, naming the field but not its value, when a rule above is broken. */
export function newMessage(fields: {
  /** @default the sender of POST /webhook */
  provider?: Provider;
  messageId: string;
  from: string;
  to: string;
  sentAt: Timestamp;
  /** @default 'text' */
  type?: string;
  text: string | null;
}): Message {
  const { provider = WEBHOOK, messageId, from, to, sentAt, type = 'text', text } = fields;
  if (!isMessageId(messageId)) throw new RangeError('messageId is not a message id');
  if (!isMsisdn(from)) throw new RangeError('from is not a phone number');
  if (!isMsisdn(to)) throw new RangeError('to is not a phone number');
  if (!isMessageType(type)) throw new RangeError('type is not the type of a message');
  if (text !== null && !isMessageText(text)) throw new RangeError('text is too long or not storable');
  return { provider, messageId, from, to, sentAt, type, text };
}

/** Whether two messages say the same. Two spellings of one instant are the same instant. */
export function sameContent(a: Message, b: Message): boolean {
  return a.from === b.from && a.to === b.to && a.sentAt === b.sentAt && a.type === b.type && a.text === b.text;
}

/** What ids may not hold, and what sorts before all that they may. */
const KEY_SEPARATOR = '\u0001';

/**
 * The id alone for a message of POST /webhook, for others with the provider's name behind it. No two providers' keys are
 * equal, and the order of the keys by code point is the order by id, then provider: one unique text to store and to sort by.
 */
export function messageKey({ messageId, provider }: Pick<Message, 'messageId' | 'provider'>): MessageKey {
  return (provider === WEBHOOK ? messageId : `${messageId}${KEY_SEPARATOR}${provider}`) as MessageKey;
}

/** The inverse of {@link messageKey}. Throws RangeError when it is not one. */
export function fromMessageKey(key: string): { messageId: MessageId; provider: Provider } {
  const [messageId = '', name] = key.split(KEY_SEPARATOR);
  if (!isMessageId(messageId)) throw new RangeError('messageId is not a message id');
  return { messageId, provider: name === undefined ? WEBHOOK : provider(name) };
}

/** Negative when `a` comes first, positive when `b` does, 0 when they are the same position. */
export function comparePositions(a: Position, b: Position): number {
  if (a.sentAt !== b.sentAt) return a.sentAt < b.sentAt ? -1 : 1;
  return compareCodePoints(messageKey(a), messageKey(b));
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
