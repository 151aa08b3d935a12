import { newMessage } from '../../domain/message.ts';
import { formatTimestamp, timestamp } from '../../domain/timestamp.ts';
import type { NewMessage } from '../../domain/update.ts';
import type { SampleMessage, SignedDelivery } from './descriptor.ts';

/** The service's own form of a message, which the contract validates. */
export interface MessageBody {
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly ts: string;
  readonly text?: string | null;
}

/** The message in a body of the service's own form. Throws when the contract has not validated it. */
export function messageFromBody(body: MessageBody, delivery: SignedDelivery): NewMessage {
  const { provider, payload, deliveryId } = delivery;
  const message = newMessage({
    provider,
    messageId: body.message_id,
    from: body.from,
    to: body.to,
    sentAt: timestamp(body.ts),
    text: body.text ?? null,
  });
  return { ...message, payload, ...(deliveryId !== undefined && { deliveryId }) };
}

/** The body that {@link messageFromBody} reads a message from. */
export function bodyOfMessage({ id, from, to, sentAt, text }: SampleMessage): string {
  return JSON.stringify({ message_id: id, from, to, ts: formatTimestamp(sentAt), text });
}
