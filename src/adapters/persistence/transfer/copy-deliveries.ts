import type { Knex } from 'knex';
import type { Belongings } from '../../../application/ports/transfer.ts';
import { fromMessageKey, messageKey, type Message, type MessageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { WEBHOOK } from '../../../domain/provider.ts';
import type { NewUpdate, NewMessage } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import { marks, rowOf, rowsOf } from '../schema/dialect.ts';
import { statusPages } from './status-pages.ts';
import { payloadsOf, slicesByBody, type BodySize } from './stored-payloads.ts';
import { newUnknown, unknownPayloads } from './unknown-payloads.ts';

type Add = (updates: readonly NewUpdate[]) => Promise<readonly UpdateOutcome[]>;

interface Belonging {
  readonly message_id: MessageKey;
  readonly delivery_id: string | null;
  readonly payload: bigint | number | null;
  readonly bytes: bigint | number | null;
  readonly received_at: bigint | null;
  readonly trace_id: string | null;
}

/** Adds messages with their data from {@link withDeliveries}. Returns one outcome per message, in order. */
export async function addWithDeliveries(db: Knex, messages: readonly Message[], add: Add): Promise<UpdateOutcome[]> {
  const outcomes: UpdateOutcome[] = [];
  for await (const slice of withDeliveries(db, messages)) outcomes.push(...(await add(slice)));
  return outcomes;
}

/**
 * Completes the messages with what `db` stores about them: their receipts, delivery ids and bodies. Messages of a slice that came
 * in one body share it.
 */
export async function* withDeliveries(db: Knex, messages: readonly Message[]): AsyncGenerator<NewMessage[]> {
  if (messages.length === 0) return; // PostgreSQL does not accept an empty list
  const keys = messages.map((message) => messageKey(message));
  const rows = await rowsOf<Belonging>(
    db,
    `select message_id, delivery_id, payload, length(body) as bytes, received_at, trace_id
     from messages left join payloads on payloads.id = payload where message_id in (${marks(keys)})`,
    keys,
  );
  const belongings = new Map(rows.map((row) => [row.message_id, row]));
  const sizeOf = (message: Message): BodySize => {
    const { payload = null, bytes = null } = belongings.get(messageKey(message)) ?? {};
    return { id: payload, bytes };
  };
  for (const slice of slicesByBody(messages, sizeOf)) {
    const ids = slice.map((message) => sizeOf(message).id);
    const payloads = await payloadsOf(db, [...new Set(ids.filter((id) => id !== null))]);
    yield slice.map((message, i): NewMessage => {
      const payload = payloads.get(String(ids[i]));
      const {
        delivery_id: delivery = null,
        received_at: receivedAt = null,
        trace_id: traceId = null,
      } = belongings.get(messageKey(message)) ?? {};
      return {
        ...message,
        ...(payload !== undefined && { payload }),
        ...(delivery !== null && { deliveryId: fromMessageKey(delivery).messageId }),
        ...(receivedAt !== null && { receivedAt: timestampFromMicros(receivedAt) }),
        ...(traceId !== null && { traceId }),
      };
    });
  }
}

/** Adds all statuses of `db`, including those of messages that it does not store. */
export async function copyStatuses(db: Knex, pageSize: number, check: () => Promise<void>, add: Add): Promise<void> {
  for await (const statuses of statusPages(db, { limit: pageSize }, check)) await add(statuses);
}

/** Adds the unknown updates of `from` that `to` does not contain yet, and returns their number. */
export async function copyUnknown(from: Knex, to: Knex, check: () => Promise<void>, add: Add): Promise<number> {
  const isNew = newUnknown(to);
  let copied = 0;
  for await (const payloads of unknownPayloads(from, 0n, check)) {
    const fresh: NewUpdate[] = [];
    for (const { mediaType, body } of payloads) {
      const payload = { mediaType, body };
      if (await isNew(payload)) fresh.push({ kind: 'unknown', provider: WEBHOOK, payload });
    }
    if (fresh.length > 0) await add(fresh);
    copied += fresh.length;
  }
  return copied;
}

/** Counts what is stored beside the messages. Reads all messages. */
export async function countBelongings(db: Knex): Promise<Belongings> {
  const row = await rowOf<Record<keyof Belongings, bigint>>(
    db,
    `select count(payload) as bodies, (select count(*) from message_statuses) as statuses,
            count(received_at) as arrivals, count(trace_id) as traces
     from messages`,
  );
  const { bodies, statuses, arrivals, traces } = row;
  return {
    bodies: Number(bodies),
    statuses: Number(statuses),
    arrivals: Number(arrivals),
    traces: Number(traces),
  };
}
