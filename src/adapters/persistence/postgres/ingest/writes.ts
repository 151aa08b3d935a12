import type { Knex } from 'knex';
import type { Client } from 'pg';
import { OutcomesUnknown } from '../../../../application/ports/store.ts';
import { messageKey, type MessageKey } from '../../../../domain/message.ts';
import { foldCase } from '../../../../domain/text-folding.ts';
import {
  isMessage,
  type NewMessage,
  type NewUpdate,
  type Payload,
  type StatusUpdate,
} from '../../../../domain/update.ts';
import type { UpdateOutcome } from '../../../../domain/ingest-outcome.ts';
import { LOCK_NOT_AVAILABLE, withConnection } from '../database.ts';
import { deliveryKey, findRepeats, messageOutcomes, type Firsts, type Repeats } from './repeats.ts';
import { CHANGED_STATUSES, statusColumns, statusOutcomes, type ChangedStatus } from './status-writes.ts';

/**
 * Part of a `with` query that stores messages: `fresh` has a row for each that is new. It stores rows in the order of their keys,
 * or two replicas that store the same messages could deadlock. It keeps only payloads that brought something new.
 */
const FRESH_MESSAGES = `
  brought as materialized (
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
  )`;

/**
 * One statement for any number of updates, so that each connection plans it once. It is a transaction by itself: a replica that
 * stops at any moment leaves no transaction open, whose locks would block the others.
 */
const INSERT = { name: 'insert-messages', text: `with ${FRESH_MESSAGES} select message_id from fresh` };
/** `union all` stores all messages before the first status, so that all replicas lock in one order. */
const INSERT_WITH_STATUSES = {
  name: 'insert-updates',
  text: `with ${FRESH_MESSAGES}, ${CHANGED_STATUSES}
    select message_id, null as replaced, true as is_message from fresh
    union all select message_id, replaced, false from changed`,
};
/** SQLSTATEs of a transaction that lost against another one. */
const LOST_CONFLICT = /^40(001|P01)$/;
/** How long a commit waits for the lock of a table, about. */
const TABLE_LOCK_MS = 9_000;

interface Written {
  readonly created: ReadonlySet<MessageKey>;
  readonly changed: readonly ChangedStatus[];
}

/**
 * Stores what is new, all of it or nothing; durable when it resolves. Returns one outcome per update, in order. The first of
 * equal keys wins, even across replicas that store at the same moment.
 *
 * Rejects with OutcomesUnknown if everything is stored, but the content of earlier messages could not be read.
 */
export async function addUpdates(db: Knex, updates: readonly NewUpdate[]): Promise<UpdateOutcome[]> {
  const messages = updates.filter(isMessage);
  const statuses = updates.filter((update) => 'kind' in update && update.kind === 'status');
  const firsts = new Map<MessageKey, NewMessage>();
  for (const message of messages) {
    const key = messageKey(message);
    if (!firsts.has(key)) firsts.set(key, message);
  }
  const values = columnsOf(firsts, updates);
  const attempt: { written?: Written } = {};
  const find = async (client: Client, { created }: Written): Promise<Repeats> => findRepeats(client, firsts, created);
  const outcomes = ({ created, changed }: Written, repeats: Repeats | null): (UpdateOutcome | null)[] =>
    inOrder(updates, messageOutcomes(messages, firsts, created, repeats), statusOutcomes(statuses, changed));

  try {
    return await withConnection(db, async (client) => {
      attempt.written = await writeAgainstOthers(client, values, statuses);
      return known(outcomes(attempt.written, await find(client, attempt.written)));
    });
  } catch (error) {
    const { written } = attempt;
    if (written === undefined) throw error;
    // Everything is stored: only the connection that was to compare the repeats with it has failed.
    const repeats = await withConnection(db, (client) => find(client, written)).catch(() => null);
    if (repeats === null) throw new OutcomesUnknown(outcomes(written, null), { cause: error });
    return known(outcomes(written, repeats));
  }
}

/**
 * Repeats the statement once if the server ended it in favour of another one, and for a while if it waits for the lock of a table:
 * a migration takes that, for all keys alike, and waits itself for reads under way.
 */
async function writeAgainstOthers(
  client: Client,
  values: readonly unknown[],
  statuses: readonly StatusUpdate[],
): Promise<Written> {
  const giveUpAt = performance.now() + TABLE_LOCK_MS;
  for (let lost = 0; ;) {
    try {
      return await write(client, values, statuses);
    } catch (error) {
      const { code } = error as { code?: unknown };
      const isLost = LOST_CONFLICT.test(String(code)) && lost++ === 0;
      const mayWait = code === LOCK_NOT_AVAILABLE && performance.now() < giveUpAt;
      if (!isLost && !(mayWait && (await isTableLocked(client)))) throw error;
    }
  }
}

/** Whether a session has or awaits the lock of a table that keeps out all writers. */
async function isTableLocked(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(
    `select exists (
       select from pg_locks
       where relation in ('messages'::regclass, 'uncounted'::regclass, 'payloads'::regclass, 'message_statuses'::regclass)
       and database = (select oid from pg_database where datname = current_database())
       and mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
     ) as locked`,
  );
  return rows[0]?.locked === true;
}

async function write(client: Client, values: readonly unknown[], statuses: readonly StatusUpdate[]): Promise<Written> {
  if (statuses.length === 0) {
    const { rows } = await client.query<{ message_id: MessageKey }>({ ...INSERT, values: [...values] });
    return { created: new Set(rows.map((row) => row.message_id)), changed: [] };
  }
  const { rows } = await client.query<ChangedStatus & { readonly is_message: boolean }>({
    ...INSERT_WITH_STATUSES,
    values: [...values, ...statusColumns(statuses)],
  });
  return {
    created: new Set(rows.filter((row) => row.is_message).map((row) => row.message_id)),
    changed: rows.filter((row) => !row.is_message),
  };
}

function inOrder(
  updates: readonly NewUpdate[],
  messages: readonly (UpdateOutcome | null)[],
  statuses: readonly UpdateOutcome[],
): (UpdateOutcome | null)[] {
  const [nextMessage, nextStatus] = [messages.values(), statuses.values()];
  return updates.map((update) => {
    if (!isMessage(update) && update.kind === 'unknown') return 'kept';
    const { value } = (isMessage(update) ? nextMessage : nextStatus).next();
    if (value === undefined) throw new Error('an update has no outcome');
    return value;
  });
}

function known(outcomes: readonly (UpdateOutcome | null)[]): UpdateOutcome[] {
  return outcomes.map((outcome) => {
    if (outcome === null) throw new Error('an update has no outcome');
    return outcome;
  });
}

function columnsOf(messages: Firsts, updates: readonly NewUpdate[]): unknown[] {
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
