import { sameContent, type Message } from './message.ts';
import type { NewMessage } from './update.ts';

/** The outcome of a message: stored, already stored, or its id belongs to a message with other content. */
export type IngestOutcome = 'created' | 'duplicate' | 'conflict';

/** The outcome of any update. A status is the latest now, or stale. An unknown update is `kept`. */
export type UpdateOutcome = IngestOutcome | 'status_updated' | 'status_stale' | 'kept';

/**
 * The outcome of a message whose id is already stored: every store decides by this rule. Timestamps are compared only if the
 * provider sends them.
 */
export function outcomeOfRepeat(message: NewMessage, stored: Message): 'duplicate' | 'conflict' {
  const comparable = message.sentAtReceipt === true ? { ...message, sentAt: stored.sentAt } : message;
  return sameContent(comparable, stored) ? 'duplicate' : 'conflict';
}
