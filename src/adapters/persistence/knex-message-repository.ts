import type { Knex } from 'knex';
import type {
  IngestOutcome,
  MessageFilter,
  MessagePage,
  MessageRepository,
  PageStart,
  StoreHealth,
} from '../../application/ports.ts';
import { sameContent, type Message, type MessageId } from '../../domain/message.ts';
import { foldCase } from '../../domain/search.ts';
import { countAll, countBefore, countOfSender, countStored, statsFromCounters } from './message-counters.ts';
import { instantValue, MESSAGE_COLUMNS, toMessage, type MessageRow } from './message-row.ts';
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

async function listMessages(db: Knex, filter: MessageFilter, start: PageStart, limit: number): Promise<MessagePage> {
  const page = matching(db, filter)
    .select(...MESSAGE_COLUMNS)
    .orderBy(['sent_at', 'message_id'])
    .limit(limit + 1);
  if ('after' in start) {
    void page.whereRaw('(sent_at, message_id) > (?, ?)', [instantValue(start.after.sentAt), start.after.messageId]);
  } else {
    void page.offset(start.offset);
  }
  const rows = (await page) as MessageRow[];
  return {
    messages: rows.slice(0, limit).map(toMessage),
    total: await countMatching(db, filter),
    hasMore: rows.length > limit,
  };
}

async function countMatching(db: Knex, filter: MessageFilter): Promise<number> {
  const { from, since, until, contains } = filter;
  const byInstant = since !== undefined || until !== undefined;
  if (contains !== undefined || (from !== undefined && byInstant)) {
    const row = (await matching(db, filter).count({ total: '*' }).first()) as { total: bigint } | undefined;
    return Number(row?.total ?? 0);
  }
  if (from !== undefined) return countOfSender(db, from);
  const upTo = until === undefined ? await countAll(db) : await countBefore(db, until);
  const before = since === undefined ? 0 : await countBefore(db, since);
  return Math.max(0, upTo - before); // `until` may lie before `since`
}

function matching(db: Knex, { from, since, until, contains }: MessageFilter): Knex.QueryBuilder {
  const query = db('messages');
  if (from !== undefined) void query.where('from_msisdn', from);
  if (since !== undefined) void query.where('sent_at', '>=', instantValue(since));
  if (until !== undefined) void query.where('sent_at', '<', instantValue(until));
  if (contains !== undefined) void query.whereRaw('contains_folded(text, ?)', [foldCase(contains)]);
  return query;
}

async function checkHealth(db: Knex): Promise<StoreHealth> {
  try {
    const { pending, unknown } = await schemaStatus(db);
    return { database: 'ok', schema: unknown.length > 0 ? 'unknown' : pending.length > 0 ? 'outdated' : 'ok' };
  } catch {
    return { database: 'unreachable', schema: 'unknown' };
  }
}
