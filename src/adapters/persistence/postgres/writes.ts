import type { Knex } from 'knex';
import type { Client } from 'pg';
import { messageKey, type Message, type MessageId, type MessageKey } from '../../../domain/message.ts';
import { foldCase } from '../../../domain/text-folding.ts';
import { isMessage, type NewMessage, type NewUpdate, type Payload } from '../../../domain/update.ts';
import { outcomeOfRepeat, type UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';
import { withConnection } from './database.ts';
import { setStatuses } from './status-writes.ts';

/**
 * One statement for any number of messages, so that each connection plans it once. It is a transaction by itself. It stores rows
 * in the order of their keys, or two replicas that store the same messages could deadlock. It keeps only payloads that brought
 * something new.
 */
const INSERT = {
  name: 'insert-messages',
  text: `
    with brought as materialized (
      select nextval('payloads_id_seq') as id, place, media_type, body, always
      from unnest($9::text[], $10::bytea[], $11::boolean[]) with ordinality as given (media_type, body, always, place)
    ), fresh as (
      insert into messages
        (message_id, from_msisdn, to_msisdn, sent_at, type, text, folded, delivery_id, payload, received_at, trace_id)
      select given.message_id, from_msisdn, to_msisdn, sent_at, type, text, folded, delivery_id, brought.id, received_at, trace_id
      from unnest(
             $1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $12::int[],
             $13::bigint[], $14::text[]
           ) as given (message_id, from_msisdn, to_msisdn, sent_at, type, text, folded, delivery_id, place, received_at, trace_id)
           left join brought on brought.place = given.place
      order by given.message_id collate "C"
      on conflict do nothing
      returning message_id, from_msisdn, sent_at, payload
    ), noted as (
      insert into uncounted (from_msisdn, sent_at) select from_msisdn, sent_at from fresh
    ), kept as (
      insert into payloads (id, media_type, body)
      select id, media_type, body from brought where always or id in (select payload from fresh)
    )
    select message_id from fresh`,
};
const FIND = {
  name: 'find-messages',
  text: `select ${MESSAGE_COLUMNS.join(', ')} from messages where message_id = any ($1)`,
};
const FIND_DELIVERIES = {
  name: 'find-deliveries',
  text: 'select delivery_id from messages where delivery_id = any ($1)',
};

/**
 * Stores what is new, all of it or nothing; durable when it resolves. Returns one outcome per update, in order. The first of
 * equal keys wins, even across replicas that store at the same moment.
 */
export async function addUpdates(db: Knex, updates: readonly NewUpdate[]): Promise<UpdateOutcome[]> {
  return withConnection(db, async (client) => {
    const statuses = updates.filter((update) => 'kind' in update && update.kind === 'status');
    if (statuses.length === 0) return outcomesInOrder(updates, await addMessages(client, updates), []);
    await client.query('begin');
    try {
      const messages = await addMessages(client, updates);
      const outcomes = outcomesInOrder(updates, messages, await setStatuses(client, statuses));
      await client.query('commit');
      return outcomes;
    } catch (error) {
      await client.query('rollback').catch(() => undefined); // the connection is gone, and the transaction with it
      throw error;
    }
  });
}

function outcomesInOrder(
  updates: readonly NewUpdate[],
  messages: readonly UpdateOutcome[],
  statuses: readonly UpdateOutcome[],
): UpdateOutcome[] {
  const [nextMessage, nextStatus] = [messages.values(), statuses.values()];
  return updates.map((update) => {
    if (!isMessage(update) && update.kind === 'unknown') return 'kept';
    const { value } = (isMessage(update) ? nextMessage : nextStatus).next();
    if (value === undefined) throw new Error('an update has no outcome');
    return value;
  });
}

/** Stores the messages among the updates, and the payloads of unknown updates. Returns one outcome per message. */
async function addMessages(client: Client, updates: readonly NewUpdate[]): Promise<UpdateOutcome[]> {
  const messages = updates.filter(isMessage);
  const firsts = new Map<MessageKey, NewMessage>();
  for (const message of messages) {
    const key = messageKey(message);
    if (!firsts.has(key)) firsts.set(key, message);
  }
  const values = columnsOf(firsts, updates);
  const { rows } = await client.query<{ message_id: MessageKey }>({ ...INSERT, values });
  const created = new Set(rows.map((row) => row.message_id));
  const taken = [...firsts].filter(([key]) => !created.has(key));
  const existing = await findAll(client, taken);
  const deliveries = await findDeliveries(client, taken);
  const reported = new Set<MessageKey>();
  return messages.map((message) => {
    const key = messageKey(message);
    const first = firsts.get(key);
    if (created.has(key) && !reported.has(key)) {
      reported.add(key);
      return 'created';
    }
    const delivery = deliveryKey(message);
    if (
      delivery !== null &&
      (deliveries.has(delivery) || (created.has(key) && first && deliveryKey(first) === delivery))
    )
      return 'duplicate';
    const stored = created.has(key) ? first : existing.get(key);
    // If the stored message was erased since the insert, its content is unknown: count this one as a duplicate.
    return stored === undefined ? 'duplicate' : outcomeOfRepeat(message, stored);
  });
}

type Taken = readonly (readonly [MessageKey, NewMessage])[];

async function findAll(client: Client, taken: Taken): Promise<Map<string, Message>> {
  if (taken.length === 0) return new Map();
  const { rows } = await client.query<MessageRow>({ ...FIND, values: [taken.map(([key]) => key)] });
  return new Map(rows.map((row) => [row.message_id, toMessage(row)]));
}

async function findDeliveries(client: Client, taken: Taken): Promise<Set<string>> {
  const deliveries = taken.map(([, message]) => deliveryKey(message)).filter((key) => key !== null);
  if (deliveries.length === 0) return new Set();
  const { rows } = await client.query<{ delivery_id: string }>({ ...FIND_DELIVERIES, values: [deliveries] });
  return new Set(rows.map((row) => row.delivery_id));
}

function deliveryKey({ deliveryId, provider }: NewMessage): MessageKey | null {
  return deliveryId === undefined ? null : messageKey({ messageId: deliveryId as MessageId, provider });
}

function columnsOf(messages: ReadonlyMap<MessageKey, NewMessage>, updates: readonly NewUpdate[]): unknown[] {
  const payloads = new Map<Payload, { readonly place: number; readonly always: boolean }>();
  for (const update of updates) {
    const payload = 'payload' in update ? update.payload : undefined;
    if (payload === undefined) continue;
    const always = !isMessage(update) || (payloads.get(payload)?.always ?? false);
    payloads.set(payload, { place: payloads.get(payload)?.place ?? payloads.size + 1, always });
  }
  const rows = [...messages.values()];
  return [
    [...messages.keys()],
    rows.map(({ from }) => from),
    rows.map(({ to }) => to),
    rows.map(({ sentAt }) => String(sentAt)),
    rows.map(({ type }) => type),
    rows.map(({ text }) => text),
    rows.map(({ text }) => (text === null ? null : foldCase(text))),
    rows.map(deliveryKey),
    Array.from(payloads.keys(), ({ mediaType }) => mediaType),
    Array.from(payloads.keys(), ({ body }) => Buffer.from(body.buffer, body.byteOffset, body.byteLength)),
    Array.from(payloads.values(), ({ always }) => always),
    rows.map(({ payload }) => (payload === undefined ? null : (payloads.get(payload)?.place ?? null))),
    rows.map(({ receivedAt }) => (receivedAt === undefined ? null : String(receivedAt))),
    rows.map(({ traceId }) => traceId ?? null),
  ];
}
