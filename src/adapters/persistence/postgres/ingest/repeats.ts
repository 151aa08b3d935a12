import type { Client } from 'pg';
import { messageKey, type Message, type MessageId, type MessageKey } from '../../../../domain/message.ts';
import type { NewMessage } from '../../../../domain/update.ts';
import { outcomeOfRepeat, type IngestOutcome } from '../../../../domain/ingest-outcome.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../../schema/message-row.ts';

const FIND = {
  name: 'find-messages',
  text: `select ${MESSAGE_COLUMNS.join(', ')} from messages where message_id = any ($1)`,
};
const FIND_DELIVERIES = {
  name: 'find-deliveries',
  text: 'select delivery_id from messages where delivery_id = any ($1)',
};

/** The first message of each key in a group. */
export type Firsts = ReadonlyMap<MessageKey, NewMessage>;

/** What is stored under the keys and delivery ids of messages that were not created. */
export interface Repeats {
  readonly messages: ReadonlyMap<string, Message>;
  readonly deliveries: ReadonlySet<string>;
}

/** Reads what is needed to tell duplicates from conflicts. */
export async function findRepeats(client: Client, firsts: Firsts, created: ReadonlySet<MessageKey>): Promise<Repeats> {
  const keys = [...firsts.keys()].filter((key) => !created.has(key));
  if (keys.length === 0) return { messages: new Map(), deliveries: new Set() };
  const messages = await client.query<MessageRow>({ ...FIND, values: [keys] });
  const deliveries = [...deliveriesOf(firsts, created)];
  const found =
    deliveries.length === 0
      ? []
      : (await client.query<{ delivery_id: string }>({ ...FIND_DELIVERIES, values: [deliveries] })).rows;
  return {
    messages: new Map(messages.rows.map((row) => [row.message_id, toMessage(row)])),
    deliveries: new Set(found.map((row) => row.delivery_id)),
  };
}

/** One outcome per message. Without `repeats`, it is null for a message that may be a duplicate or a conflict. */
export function messageOutcomes(
  messages: readonly NewMessage[],
  firsts: Firsts,
  created: ReadonlySet<MessageKey>,
  repeats: Repeats | null,
): (IngestOutcome | null)[] {
  const asked = repeats === null ? deliveriesOf(firsts, created) : new Set<string>();
  const reported = new Set<MessageKey>();
  return messages.map((message) => {
    const key = messageKey(message);
    const first = firsts.get(key);
    if (created.has(key) && !reported.has(key)) {
      reported.add(key);
      return 'created';
    }
    const delivery = deliveryKey(message);
    if (delivery !== null) {
      if (created.has(key) && first && deliveryKey(first) === delivery) return 'duplicate';
      if (repeats?.deliveries.has(delivery) === true) return 'duplicate';
      if (asked.has(delivery)) return null;
    }
    if (created.has(key)) return first === undefined ? 'duplicate' : outcomeOfRepeat(message, first);
    if (repeats === null) return null;
    const stored = repeats.messages.get(key);
    // If the stored message was erased since the insert, its content is unknown: count this one as a duplicate.
    return stored === undefined ? 'duplicate' : outcomeOfRepeat(message, stored);
  });
}

export function deliveryKey({ deliveryId, provider }: NewMessage): MessageKey | null {
  return deliveryId === undefined ? null : messageKey({ messageId: deliveryId as MessageId, provider });
}

/** The delivery ids of the messages that were not created. */
function deliveriesOf(firsts: Firsts, created: ReadonlySet<MessageKey>): Set<string> {
  const taken = [...firsts].filter(([key]) => !created.has(key));
  return new Set(taken.map(([, message]) => deliveryKey(message)).filter((key) => key !== null));
}
