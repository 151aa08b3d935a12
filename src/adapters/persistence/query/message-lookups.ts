import type { Knex } from 'knex';
import { messageKey, type Message, type MessageId, type MessageKey } from '../../../domain/message.ts';
import type { Provider } from '../../../domain/provider.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import type { Receipt, MessageStatus, Payload } from '../../../domain/update.ts';
import { rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/**
 * The upper bound of all keys of an id. The first provider's key is the id itself; the keys of other providers append U+0001 and
 * the provider's name.
 */
const PAST_ALL_PROVIDERS = '\u0002';

export async function findMessage(db: Knex, messageId: MessageId, provider?: Provider): Promise<Message | null> {
  const [condition, bindings] =
    provider === undefined
      ? ['message_id >= ? and message_id < ?', [messageId, `${messageId}${PAST_ALL_PROVIDERS}`]]
      : ['message_id = ?', [messageKey({ messageId, provider })]];
  const [row] = await rowsOf<MessageRow>(
    db,
    `select ${MESSAGE_COLUMNS.join(', ')} from messages where ${condition} order by message_id limit 1`,
    bindings,
  );
  return row === undefined ? null : toMessage(row);
}

export async function findStatus(db: Knex, key: MessageKey): Promise<MessageStatus | null> {
  const sql = 'select state, changed_at from message_statuses where message_id = ?';
  const [row] = await rowsOf<{ state: string; changed_at: bigint }>(db, sql, [key]);
  return row === undefined ? null : { state: row.state, at: timestampFromMicros(row.changed_at) };
}

export async function findReceipt(db: Knex, key: MessageKey): Promise<Receipt | null> {
  const sql = 'select received_at, trace_id from messages where message_id = ?';
  const [row] = await rowsOf<{ received_at: bigint | null; trace_id: string | null }>(db, sql, [key]);
  if (row === undefined) return null;
  const { received_at: receivedAt, trace_id: traceId } = row;
  return { receivedAt: receivedAt === null ? null : timestampFromMicros(receivedAt), traceId };
}

export async function findPayload(db: Knex, key: MessageKey): Promise<Payload | null> {
  const [row] = await rowsOf<{ media_type: string; body: Uint8Array }>(
    db,
    'select media_type, body from payloads where id = (select payload from messages where message_id = ?)',
    [key],
  );
  return row === undefined ? null : { mediaType: row.media_type, body: row.body };
}
