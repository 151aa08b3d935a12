import type { Knex } from 'knex';
import { fromMessageKey, newMessage, type Message } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';

export interface MessageRow {
  /** The message's key. Only for the first provider it equals the id. */
  readonly message_id: string;
  readonly from_msisdn: string;
  readonly to_msisdn: string;
  /** Microseconds since 1970. */
  readonly sent_at: bigint;
  readonly type: string;
  readonly text: string | null;
}

export const MESSAGE_COLUMNS = ['message_id', 'from_msisdn', 'to_msisdn', 'sent_at', 'type', 'text'] as const;

export function toMessage(row: MessageRow): Message {
  return newMessage({
    ...fromMessageKey(row.message_id),
    from: row.from_msisdn,
    to: row.to_msisdn,
    sentAt: timestampFromMicros(row.sent_at),
    type: row.type,
    text: row.text,
  });
}

/** An instant as a bound value. The drivers accept a bigint, but Knex's types do not. */
export function instantValue(micros: bigint): Knex.Value {
  return micros as unknown as Knex.Value;
}
