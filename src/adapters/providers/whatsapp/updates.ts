import {
  isMessageId,
  isMessageText,
  isMessageType,
  isMsisdn,
  newMessage,
  type Msisdn,
} from '../../../domain/message.ts';
import { timestampFromMicros, type Timestamp } from '../../../domain/timestamp.ts';
import type { NewUpdate } from '../../../domain/update.ts';
import type { SignedDelivery } from '../descriptor.ts';
import { listIn, objectIn, textIn } from '../loose-json.ts';

/**
 * Returns the updates of a notification of Meta's WhatsApp Business Cloud API, in its order
 * (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview). It rejects nothing,
 * because Meta would retry for days. An update that is neither a readable message nor a readable status is unknown.
 */
export function whatsAppUpdates(notification: object, delivery: SignedDelivery): NewUpdate[] {
  const { provider, payload } = delivery;
  const unknown: NewUpdate = { kind: 'unknown', provider, payload };
  const changes = listIn(notification, 'entry').flatMap((entry) => listIn(entry, 'changes'));
  const updates = changes.flatMap((change) => {
    if (textIn(change, 'field') !== 'messages') return [unknown];
    const value = objectIn(change, 'value');
    const to = msisdn(textIn(objectIn(value, 'metadata'), 'display_phone_number'));
    const found = [
      ...listIn(value, 'messages').map((message) => messageFrom(message, to, delivery) ?? unknown),
      ...listIn(value, 'statuses').map((status) => statusFrom(status, delivery) ?? unknown),
    ];
    return found.length === 0 ? [unknown] : found;
  });
  return updates.length === 0 ? [unknown] : updates;
}

/**
 * null if the sender's number, the receiver, the time or the id is missing: since 2026 a person may have only a user name.
 */
function messageFrom(message: object, to: Msisdn | null, { provider, payload }: SignedDelivery): NewUpdate | null {
  const messageId = textIn(message, 'id') ?? '';
  const from = msisdn(textIn(message, 'from'));
  const sentAt = unixSeconds(textIn(message, 'timestamp'));
  if (!isMessageId(messageId) || from === null || to === null || sentAt === null) return null;
  const given = textIn(message, 'type') ?? '';
  const type = isMessageType(given) ? given : 'unknown';
  return { ...newMessage({ provider, messageId, from, to, sentAt, type, text: textOf(message) }), payload };
}

function statusFrom(status: object, { provider }: SignedDelivery): NewUpdate | null {
  const messageId = textIn(status, 'id') ?? '';
  const state = textIn(status, 'status') ?? '';
  const at = unixSeconds(textIn(status, 'timestamp'));
  if (!isMessageId(messageId) || !isMessageType(state) || at === null) return null;
  return { kind: 'status', provider, messageId, state, at };
}

/** Where the kinds of messages have their words. A text that no store can keep is left out; the payload has it. */
const WORDS: readonly (readonly string[])[] = [
  ['text', 'body'],
  ['image', 'caption'],
  ['video', 'caption'],
  ['document', 'caption'],
  ['audio', 'caption'],
  ['button', 'text'],
  ['interactive', 'button_reply', 'title'],
  ['interactive', 'list_reply', 'title'],
  ['reaction', 'emoji'],
  ['location', 'name'],
];

function textOf(message: object): string | null {
  for (const path of WORDS) {
    const holder = path.slice(0, -1).reduce<object>((object, name) => objectIn(object, name), message);
    const words = textIn(holder, path.at(-1) ?? '');
    if (words !== undefined) return isMessageText(words) ? words : null;
  }
  return null;
}

/** Meta writes a sender as bare digits, and a business number as people do: `+1 555-078-3881`. */
function msisdn(number: string | undefined): Msisdn | null {
  const digits = `+${(number ?? '').replace(/\D/g, '')}`;
  return isMsisdn(digits) ? digits : null;
}

function unixSeconds(text: string | undefined): Timestamp | null {
  return text !== undefined && /^\d{1,11}$/.test(text) ? timestampFromMicros(BigInt(text) * 1_000_000n) : null;
}
