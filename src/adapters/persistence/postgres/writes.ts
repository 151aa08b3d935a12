import type { Knex } from 'knex';
import type { Client } from 'pg';
import type { IngestOutcome } from '../../../application/ports.ts';
import { compareCodePoints, sameContent, type Message, type MessageId } from '../../../domain/message.ts';
import { foldCase } from '../../../domain/search.ts';
import { dropWhenSilent } from './database.ts';
import { toMessage, type MessageRow } from '../message-row.ts';

/** One statement whatever the number of messages, so that it is planned once for a connection; a transaction by itself. */
const INSERT = {
  name: 'insert-messages',
  text: `
    with fresh as (
      insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text, folded)
      select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
      on conflict (message_id) do nothing
      returning message_id, from_msisdn, sent_at
    ), noted as (
      insert into uncounted (from_msisdn, sent_at) select from_msisdn, sent_at from fresh
    )
    select message_id from fresh`,
};
const FIND = {
  name: 'find-messages',
  text: `select message_id, from_msisdn, to_msisdn, sent_at, text from messages where message_id = any ($1)`,
};

/**
 * Stores what is new, all of it or none; durable when it resolves. One outcome for each message, in order: the first of
 * equal ids wins, also against another replica that stores at the same moment.
 */
export async function addMessages(db: Knex, messages: readonly Message[]): Promise<IngestOutcome[]> {
  const firsts = new Map<MessageId, number>();
  messages.forEach(({ messageId }, i) => {
    if (!firsts.has(messageId)) firsts.set(messageId, i);
  });
  const once = messages.filter(({ messageId }, i) => firsts.get(messageId) === i);
  // Always in the same order: two replicas that store the same ids would otherwise wait for each other for ever.
  const ordered = once.toSorted((a, b) => compareCodePoints(a.messageId, b.messageId));
  return withClient(db, async (client) => {
    const { rows } = await client.query<{ message_id: MessageId }>({ ...INSERT, values: columnsOf(ordered) });
    const created = new Set(rows.map((row) => row.message_id));
    const taken = ordered.filter(({ messageId }) => !created.has(messageId));
    const existing = await findAll(client, taken);
    for (const message of once) if (created.has(message.messageId)) existing.set(message.messageId, message);
    return messages.map((message, i) => {
      if (created.has(message.messageId) && firsts.get(message.messageId) === i) return 'created';
      const stored = existing.get(message.messageId);
      return stored !== undefined && sameContent(stored, message) ? 'duplicate' : 'conflict';
    });
  });
}

async function findAll(client: Client, wanted: readonly Message[]): Promise<Map<string, Message>> {
  if (wanted.length === 0) return new Map();
  const ids = wanted.map(({ messageId }) => messageId);
  const { rows } = await client.query<MessageRow>({ ...FIND, values: [ids] });
  return new Map(rows.map((row) => [row.message_id, toMessage(row)]));
}

function columnsOf(messages: readonly Message[]): unknown[] {
  return [
    messages.map(({ messageId }) => messageId),
    messages.map(({ from }) => from),
    messages.map(({ to }) => to),
    messages.map(({ sentAt }) => String(sentAt)),
    messages.map(({ text }) => text),
    messages.map(({ text }) => (text === null ? null : foldCase(text))),
  ];
}

/** Lends out the driver's own connection, which Knex opened and keeps: it alone knows prepared statements. */
async function withClient<T>(db: Knex, work: (client: Client) => Promise<T>): Promise<T> {
  const knexClient = db.client as Knex.Client;
  const client = (await knexClient.acquireConnection()) as Client;
  try {
    return await work(client);
  } catch (error) {
    dropWhenSilent(client, error);
    throw error;
  } finally {
    await knexClient.releaseConnection(client);
  }
}
