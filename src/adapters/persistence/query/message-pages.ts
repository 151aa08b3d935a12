import type { Knex } from 'knex';
import { messageKey, type Message, type Msisdn, type Position } from '../../../domain/message.ts';
import type { Timestamp } from '../../../domain/timestamp.ts';
import { rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/** Where to start reading: after a message, or at an instant. */
export type ReadFrom = Position | { readonly sentAt: Timestamp };

export interface PageFilter {
  readonly sender?: Msisdn | undefined;
  /** Exclusive. */
  readonly until?: Timestamp | undefined;
}

/**
 * Reads up to `limit` messages in the order of comparePositions; fewer only if there are no more now. Each call reads its own
 * snapshot. Rejects with the id of the row if a row breaks the domain's rules.
 */
export async function nextPage(
  db: Knex,
  from: ReadFrom,
  limit: number,
  { sender, until }: PageFilter = {},
): Promise<Message[]> {
  const after = 'messageId' in from ? messageKey(from) : ''; // no key is empty
  const rows = await rowsOf<MessageRow>(
    db,
    `select ${MESSAGE_COLUMNS.join(', ')} from messages where (sent_at, message_id) > (?, ?)
     ${until === undefined ? '' : 'and sent_at < ?'} ${sender === undefined ? '' : 'and from_msisdn = ?'}
     order by sent_at, message_id limit ?`,
    [from.sentAt, after, ...[until, sender].filter((given) => given !== undefined), limit],
  );
  return rows.map(readable);
}

/** The instants of the first and the last message; null if the store is empty. */
export async function spanOf(db: Knex): Promise<{ first: Timestamp; last: Timestamp } | null> {
  const end = async (direction: 'asc' | 'desc'): Promise<Timestamp | undefined> => {
    const sql = `select sent_at from messages order by sent_at ${direction} limit 1`;
    return (await rowsOf<{ sent_at: Timestamp }>(db, sql))[0]?.sent_at;
  };
  const [first, last] = [await end('asc'), await end('desc')];
  return first === undefined || last === undefined ? null : { first, last };
}

function readable(row: MessageRow): Message {
  try {
    return toMessage(row);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`the row of ${JSON.stringify(row.message_id)} is not a message: ${reason}`, { cause: error });
  }
}
