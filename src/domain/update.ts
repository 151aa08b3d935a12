import { sameContent, type Message, type MessageId } from './message.ts';
import type { Provider } from './provider.ts';
import type { Timestamp } from './timestamp.ts';

/** A delivery's body as it was sent. */
export interface Payload {
  /** The Content-Type it came with. */
  readonly mediaType: string;
  readonly body: Uint8Array;
}

/** A message on its way into the store, with what the store has to know of its delivery. */
export interface NewMessage extends Message {
  /** Kept once for all updates of a call that name the same object. */
  readonly payload?: Payload;
  /** The provider sends no time: `sentAt` is the receipt, and differs when the same message is sent again. */
  readonly sentAtReceipt?: boolean;
  /** The provider's id of the delivery. What comes under one that is stored already is a duplicate, whatever it says. */
  readonly deliveryId?: string;
  /** When the service took it. */
  readonly receivedAt?: Timestamp;
  /** The W3C trace in which it came. */
  readonly traceId?: string;
}

/** How a stored message came in; null where it is not known. */
export interface Receipt {
  readonly receivedAt: Timestamp | null;
  readonly traceId: string | null;
}

/** How far a message that was sent to somebody has come, in the provider's word: `sent`, `delivered`, `read`, … */
export interface MessageStatus {
  readonly state: string;
  readonly at: Timestamp;
}

/** News of a message's state. The message itself need not be here. */
export interface StatusUpdate extends MessageStatus {
  readonly kind: 'status';
  readonly provider: Provider;
  readonly messageId: MessageId;
}

/** What this version has no name for: kept as it came, for a later one. */
export interface UnknownUpdate {
  readonly kind: 'unknown';
  readonly provider: Provider;
  readonly payload: Payload;
}

export type NewUpdate = NewMessage | StatusUpdate | UnknownUpdate;

/** What became of a message: stored, already there, or its id already taken by one that says something else. */
export type IngestOutcome = 'created' | 'duplicate' | 'conflict';

/** Of a status: it is the latest now, or a later one was there already. `kept`: of an unknown update. */
export type UpdateOutcome = IngestOutcome | 'status_updated' | 'status_stale' | 'kept';

export function isMessage(update: NewUpdate): update is NewMessage {
  return !('kind' in update);
}

/** Whether a message says again what is stored. Where the provider sends no time, none is compared. */
export function repeats(news: NewMessage, stored: Message): boolean {
  return sameContent(news.sentAtReceipt === true ? { ...news, sentAt: stored.sentAt } : news, stored);
}

/** States in the order a message goes through them. What is not listed says less than all that are. */
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

/** The later a state comes by nature, the larger; 0 for an unknown one. Decides between states of the same instant. */
export function statusRank(state: string): number {
  return STATES.indexOf(state) + 1;
}

/** Whether news of a state replaces what is known: states arrive in any order, and a provider's clock counts seconds. */
export function supersedes(news: MessageStatus, known: MessageStatus): boolean {
  if (news.at !== known.at) return news.at > known.at;
  return statusRank(news.state) > statusRank(known.state);
}
