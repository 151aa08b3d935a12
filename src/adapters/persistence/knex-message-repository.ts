import type { Knex } from 'knex';
import type { IngestOutcome, MessageRepository, StoreHealth } from '../../application/ports.ts';
import { sameContent, type Message, type MessageId } from '../../domain/message.ts';
import { countStored, statsFromCounters } from './message-counters.ts';
import { listMessages } from './message-queries.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from './message-row.ts';
import { schemaStatus } from './migrator.ts';
import { translatingErrors } from './store-errors.ts';

/** Messages in an SQLite database that openSqlite opened and migrateLatest brought up to date. */
export function knexMessageRepository(db: Knex): MessageRepository {
  return {
    add: (messages) => translatingErrors(() => addMessages(db, messages)),

    find: (messageId) =>
      translatingErrors(async () => {
        const row = await db<MessageRow>('messages')
          .where('message_id', messageId)
          .first(...MESSAGE_COLUMNS);
        return row === undefined ? null : toMessage(row);
      }),

    // One transaction for one snapshot: a page and a total that belong together.
    list: (filter, start, limit) =>
      translatingErrors(() => db.transaction((snapshot) => listMessages(snapshot, filter, start, limit))),

    stats: () => translatingErrors(() => db.transaction((snapshot) => statsFromCounters(snapshot))),

    health: () => checkHealth(db),
  };
}

async function addMessages(db: Knex, messages: readonly Message[]): Promise<IngestOutcome[]> {
  if (messages.length === 0) return [];
  return db.transaction(async (transaction) => {
    const fresh = await insertFresh(transaction, messages);
    const kept = new Map<MessageId, Message>(); // what the store holds, by id
    const stale = messages.filter(({ messageId }) => !fresh.has(messageId)).map(({ messageId }) => messageId);
    for (const message of await findAll(transaction, stale)) kept.set(message.messageId, message);

    const stored: Message[] = [];
    const outcomes = messages.map((message): IngestOutcome => {
      const existing = kept.get(message.messageId);
      if (existing !== undefined) return sameContent(existing, message) ? 'duplicate' : 'conflict';
      kept.set(message.messageId, message);
      stored.push(message);
      return 'created';
    });
    if (stored.length > 0) await countStored(transaction, stored);
    return outcomes;
  });
}

/**
 * One statement for any number of rows: Knex's multi-row insert stops at 500 on SQLite. Instants travel as text, for JSON
 * numbers lose precision over 2^53. Gives the ids that were not there before.
 */
async function insertFresh(transaction: Knex.Transaction, messages: readonly Message[]): Promise<Set<MessageId>> {
  const rows = messages.map(({ messageId, from, to, sentAt, text }) => [messageId, from, to, String(sentAt), text]);
  const inserted = await transaction.raw<{ message_id: MessageId }[]>(
    `insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text)
     select value ->> 0, value ->> 1, value ->> 2, cast(value ->> 3 as integer), value ->> 4
     from json_each(?) where true
     on conflict (message_id) do nothing
     returning message_id`,
    [JSON.stringify(rows)],
  );
  return new Set(inserted.map((row) => row.message_id));
}

async function findAll(db: Knex, messageIds: readonly MessageId[]): Promise<Message[]> {
  if (messageIds.length === 0) return [];
  const rows = await db<MessageRow>('messages')
    .whereRaw('message_id in (select value from json_each(?))', [JSON.stringify(messageIds)])
    .select(...MESSAGE_COLUMNS);
  return rows.map(toMessage);
}

async function checkHealth(db: Knex): Promise<StoreHealth> {
  try {
    const { pending, unknown } = await schemaStatus(db);
    return { database: 'ok', schema: unknown.length > 0 ? 'unknown' : pending.length > 0 ? 'outdated' : 'ok' };
  } catch {
    return { database: 'unreachable', schema: 'unknown' };
  }
}
