import { isMessageId, isMessageText, isMessageType, isMsisdn, newMessage } from '../../../domain/message.ts';
import { provider } from '../../../domain/provider.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import type { NewUpdate, Payload } from '../../../domain/update.ts';
import { textIn } from '../loose-json.ts';

export const TWILIO = provider('twilio');

/** What Twilio takes for "nothing to answer" (https://www.twilio.com/docs/messaging/twiml). */
export const EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>';

/**
 * The update in a request of Twilio's messaging webhooks: an incoming message, or news of one that was sent
 * (https://www.twilio.com/docs/messaging/guides/webhook-request). Twilio sends no time, so that the receipt counts. What
 * can be read as neither is an unknown update: parameters come and go without notice.
 */
export function twilioUpdate(parameters: object, payload: Payload, receivedAt: Timestamp): NewUpdate {
  const messageId = textIn(parameters, 'MessageSid') ?? textIn(parameters, 'SmsMessageSid') ?? '';
  const state = textIn(parameters, 'MessageStatus');
  if (!isMessageId(messageId)) return { kind: 'unknown', provider: TWILIO, payload };
  if (state !== undefined && isMessageType(state)) {
    return { kind: 'status', provider: TWILIO, messageId, state, at: receivedAt };
  }
  const [from, to] = [number(parameters, 'From'), number(parameters, 'To')];
  if (!isMsisdn(from) || !isMsisdn(to)) return { kind: 'unknown', provider: TWILIO, payload };
  const words = textIn(parameters, 'Body') ?? '';
  const message = newMessage({
    provider: TWILIO,
    messageId,
    from,
    to,
    sentAt: receivedAt,
    type: typeOf(parameters),
    text: words !== '' && isMessageText(words) ? words : null,
  });
  return { ...message, sentAtReceipt: true, payload };
}

/** `whatsapp:+14155238886` over WhatsApp, `+14155238886` over SMS; short codes and names are no phone numbers. */
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
