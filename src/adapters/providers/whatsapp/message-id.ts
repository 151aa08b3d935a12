import type { MessageId, Msisdn } from '../../../domain/message.ts';

/**
 * Returns whether a message id contains the number of the message's sender or recipient. A WhatsApp id contains it in
 * base64, after the number's length.
 */
export function idNamesNumber(messageId: MessageId, number: Msisdn): boolean {
  const encoded = /^wamid\.((?:[A-Za-z0-9+/]{4})+)/.exec(messageId)?.[1] ?? '';
  const digits = number.slice(1);
  return atob(encoded).includes(`\x18${String.fromCharCode(digits.length)}${digits}`);
}
