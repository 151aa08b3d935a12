import type { Database, Statement } from 'better-sqlite3';
import type { IngestOutcome } from '../../application/ports.ts';
import { sameContent, type Message } from '../../domain/message.ts';
import { PERIOD_WIDTHS, periodStart } from './message-counters.ts';
import { toMessage, type MessageRow } from './message-row.ts';

/**
 * The one path that is not built by Knex: a commit of one message took it 1.5 ms of processor time, prepared statements
 * 0.1 ms (docs/adr/0005). Knex opens the connection and owns it.
 */
interface Writes {
  readonly insert: Statement<[string, string, string, bigint, string | null]>;
  readonly find: Statement<[string], MessageRow>;
  readonly countPeriod: Statement<[number, bigint, number]>;
  readonly countTotals: Statement<[number]>;
}

const prepared = new WeakMap<Database, Writes>();

/**
 * Stores what is new and counts it by the period, in one transaction; durable when it returns. One outcome for each message,
 * in order. The senders are counted later (sender-counts.ts).
 */
export function addMessages(connection: Database, messages: readonly Message[]): IngestOutcome[] {
  const writes = prepared.get(connection) ?? prepare(connection);
  const add = connection.transaction(() => {
    const stored: Message[] = [];
    const outcomes = messages.map((message) => {
      const outcome = addOne(writes, message);
      if (outcome === 'created') stored.push(message);
      return outcome;
    });
    if (stored.length > 0) count(writes, stored);
    return outcomes;
  });
  return add.immediate();
}

function addOne({ insert, find }: Writes, message: Message): IngestOutcome {
  const { messageId, from, to, sentAt, text } = message;
  if (insert.run(messageId, from, to, sentAt, text).changes === 1) return 'created';
  const existing = find.get(messageId);
  return existing !== undefined && sameContent(toMessage(existing), message) ? 'duplicate' : 'conflict';
}

function count({ countPeriod, countTotals }: Writes, stored: readonly Message[]): void {
  for (const width of PERIOD_WIDTHS) {
    for (const [start, messages] of tally(stored, ({ sentAt }) => periodStart(sentAt, width))) {
      countPeriod.run(width, start, messages);
    }
  }
  countTotals.run(stored.length);
}

function prepare(connection: Database): Writes {
  const writes: Writes = {
    insert: connection.prepare(
      `insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text) values (?, ?, ?, ?, ?)
       on conflict (message_id) do nothing`,
    ),
    find: connection.prepare(
      'select message_id, from_msisdn, to_msisdn, sent_at, text from messages where message_id = ?',
    ),
    countPeriod: connection.prepare(
      `insert into period_counts (width, starts_at, messages) values (?, ?, ?)
       on conflict do update set messages = messages + excluded.messages`,
    ),
    countTotals: connection.prepare('update message_totals set messages = messages + ?'),
  };
  prepared.set(connection, writes);
  return writes;
}

function tally<T>(messages: readonly Message[], key: (message: Message) => T): Map<T, number> {
  const counts = new Map<T, number>();
  for (const message of messages) counts.set(key(message), (counts.get(key(message)) ?? 0) + 1);
  return counts;
}
