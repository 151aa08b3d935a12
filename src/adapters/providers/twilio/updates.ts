import { isMessageId, isMessageText, isMessageType, isMsisdn, newMessage } from '../../../domain/message.ts';
import type { NewUpdate } from '../../../domain/update.ts';
import type { SignedDelivery } from '../descriptor.ts';
import { textIn } from '../loose-json.ts';

/**
 * Returns the update in a request of Twilio's messaging webhooks: an incoming message, or the status of a sent one
 * (https://www.twilio.com/docs/messaging/guides/webhook-request). Twilio sends no time, so the time of receipt counts.
 * Other requests are unknown updates, because Twilio changes parameters without notice.
 */
export function twilioUpdate(parameters: object, delivery: SignedDelivery): NewUpdate {
  const { provider, payload, receivedAt } = delivery;
  const messageId = textIn(parameters, 'MessageSid') ?? textIn(parameters, 'SmsMessageSid') ?? '';
  const state = textIn(parameters, 'MessageStatus');
  if (!isMessageId(messageId)) return { kind: 'unknown', provider, payload };
  if (state !== undefined && isMessageType(state)) {
    return { kind: 'status', provider, messageId, state, at: receivedAt };
  }
  const [from, to] = [number(parameters, 'From'), number(parameters, 'To')];
  if (!isMsisdn(from) || !isMsisdn(to)) return { kind: 'unknown', provider, payload };
  const words = textIn(parameters, 'Body') ?? '';
  const message = newMessage({
    provider,
    messageId,
    from,
    to,
    sentAt: receivedAt,
    type: typeOf(parameters),
    text: words !== '' && isMessageText(words) ? words : null,
  });
  return { ...message, sentAtReceipt: true, payload };
}

/** `whatsapp:+14155238886` over WhatsApp, `+14155238886` over SMS; short codes and names are not phone numbers. */
function number(parameters: object, name: string): string {
  return (textIn(parameters, name) ?? '').replace(/^[a-z]+:/, '');
}

/** WhatsApp messages name their type; others are known by their first attachment. */
function typeOf(parameters: object): string {
  const named = textIn(parameters, 'MessageType') ?? '';
  if (isMessageType(named)) return named;
  const media = (textIn(parameters, 'MediaContentType0') ?? '').split('/', 1)[0] ?? '';
  return isMessageType(media) ? media : 'text';
}
