import type { Message, MessageId } from './message.ts';
import type { Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** The unchanged body of a delivery. */
export interface Payload {
  /** Its Content-Type. */
  readonly mediaType: string;
  readonly body: Uint8Array;
}

/** A message to store, with the facts about its delivery that the store needs. */
export interface NewMessage extends Message {
  /** Stored once for all updates of a call that refer to the same object. */
  readonly payload?: Payload;
  /** The provider sends no timestamp: `sentAt` is the time of receipt, which differs in a retry. */
  readonly sentAtReceipt?: boolean;
  /** The provider's id of the delivery. Under a stored id, everything is a duplicate, whatever its content. */
  readonly deliveryId?: string;
  /** When the service received it. */
  readonly receivedAt?: Timestamp;
  /** The W3C trace of its delivery. */
  readonly traceId?: string;
}

/** When and in which trace a stored message was received; null if unknown. */
export interface Receipt {
  readonly receivedAt: Timestamp | null;
  readonly traceId: string | null;
}

/** The delivery status of an outgoing message, in the provider's terms: `sent`, `delivered`, `read`, … */
export interface MessageStatus {
  readonly state: string;
  readonly at: Timestamp;
}

/** A reported status of a message. The message itself may be unknown. */
export interface StatusUpdate extends MessageStatus {
  readonly kind: 'status';
  readonly provider: Provider;
  readonly messageId: MessageId;
}

/** An update of a kind that this version does not know: stored unchanged, for a later version. */
export interface UnknownUpdate {
  readonly kind: 'unknown';
  readonly provider: Provider;
  readonly payload: Payload;
}

export type NewUpdate = NewMessage | StatusUpdate | UnknownUpdate;

export function isMessage(update: NewUpdate): update is NewMessage {
  return !('kind' in update);
}

/** States in the order in which a message passes through them. An unlisted state ranks below all of them. */
const STATES = [
  'accepted',
  'queued',
  'sending',
  'sent',
  'delivered',
  'read',
  'played',
  'undelivered',
  'failed',
  'deleted',
];

/** The rank of a state, larger for later ones; 0 for an unknown state. Decides between statuses of the same instant. */
export function statusRank(state: string): number {
  return STATES.indexOf(state) + 1;
}

/** Whether a reported status replaces the known one: statuses arrive in any order, and a provider's clock may count only seconds. */
export function supersedes(news: MessageStatus, known: MessageStatus): boolean {
  if (news.at !== known.at) return news.at > known.at;
  return statusRank(news.state) > statusRank(known.state);
}
