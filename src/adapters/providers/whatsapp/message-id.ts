import type { MessageId, Msisdn } from '../../../domain/message.ts';

/**
 * Whether a message id contains the number of the message's sender or recipient: a WhatsApp id holds it in base64, after the
 * number's length.
 */
export function idNamesNumber(messageId: MessageId, number: Msisdn): boolean {
  const encoded = /^wamid\.((?:[A-Za-z0-9+/]{4})+)/.exec(messageId)?.[1] ?? '';
  const digits = number.slice(1);
  return atob(encoded).includes(`\x18${String.fromCharCode(digits.length)}${digits}`);
}
