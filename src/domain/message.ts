import { provider, WEBHOOK, type Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** 1-255 Unicode code points, without control characters and unpaired surrogates. Compared by code point. */
export type MessageId = string & { readonly __brand: 'MessageId' };

/** `+` and 1-15 digits, as in ITU-T E.164. A leading zero is allowed, because existing senders use one. */
export type Msisdn = string & { readonly __brand: 'Msisdn' };

/** Identifies a message: its id together with its provider. Only {@link messageKey} creates one. */
export type MessageKey = string & { readonly __brand: 'MessageKey' };

export interface Message {
  readonly provider: Provider;
  /** Unique among the messages of its provider. */
  readonly messageId: MessageId;
  readonly from: Msisdn;
  readonly to: Msisdn;
  readonly sentAt: Timestamp;
  /** The provider's name for the kind of content: `text`, `image`, `location`, … */
  readonly type: string;
  /** The text or caption; null if the sender gave none. An empty text is a text. */
  readonly text: string | null;
}

/** The position of a message in the order of all messages: by timestamp, id and provider. No two messages share a position. */
export type Position = Pick<Message, 'sentAt' | 'messageId' | 'provider'>;

/** `asc`: the order of comparePositions. `desc`: the reverse, newest first. */
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
 * Up to 4096 code points that every store returns unchanged: without U+0000, which PostgreSQL cannot store, and unpaired
 * surrogates, which UTF-8 cannot encode.
 */
export function isMessageText(value: string): boolean {
  return codePointsAtMost(value, MAX_TEXT_LENGTH) && !value.includes('\0') && value.isWellFormed();
}

/** 1-64 characters, without control characters and unpaired surrogates. */
export function isMessageType(value: string): boolean {
  return isMessageId(value) && value.length <= MAX_TYPE_LENGTH;
}

/** Creates a message. Throws a RangeError that names the field, but not its value, if a rule above is broken. */
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

/** Whether two messages have the same content. Two spellings of one instant are equal. */
export function sameContent(a: Message, b: Message): boolean {
  return a.from === b.from && a.to === b.to && a.sentAt === b.sentAt && a.type === b.type && a.text === b.text;
}

/** Not allowed in ids, and sorts before every character that is. */
const KEY_SEPARATOR = '\u0001';

/**
 * The key of a message: its id if it came through POST /webhook, else its id and the provider's name. Keys of two providers are
 * never equal, and their order by code point is the order by id, then provider: one unique text to store and sort by.
 */
export function messageKey({ messageId, provider }: Pick<Message, 'messageId' | 'provider'>): MessageKey {
  return (provider === WEBHOOK ? messageId : `${messageId}${KEY_SEPARATOR}${provider}`) as MessageKey;
}

/** Parses a key: the inverse of {@link messageKey}. Throws a RangeError if the text is not a key. */
export function fromMessageKey(key: string): { messageId: MessageId; provider: Provider } {
  const [messageId = '', name] = key.split(KEY_SEPARATOR);
  if (!isMessageId(messageId)) throw new RangeError('messageId is not a message id');
  return { messageId, provider: name === undefined ? WEBHOOK : provider(name) };
}

/** Negative if `a` comes first, positive if `b` does, 0 if the positions are equal. */
export function comparePositions(a: Position, b: Position): number {
  if (a.sentAt !== b.sentAt) return a.sentAt < b.sentAt ? -1 : 1;
  return compareCodePoints(messageKey(a), messageKey(b));
}

/** Compares by code point, which is also the order of UTF-8 bytes; `<` on strings compares UTF-16 units and differs above U+FFFF. */
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
