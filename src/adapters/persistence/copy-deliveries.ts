import type { Knex } from 'knex';
import { fromMessageKey, messageKey, type Message, type MessageKey } from '../../domain/message.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';
import type { NewMessage, Payload, StatusUpdate, UpdateOutcome } from '../../domain/update.ts';
import { marks, rowOf, rowsOf } from './dialect.ts';

/** Bodies in memory at a time; one that is larger comes alone. */
const MAX_BYTES = 16 * 1024 * 1024;

type Add = (updates: readonly (NewMessage | StatusUpdate)[]) => Promise<readonly UpdateOutcome[]>;

interface Belonging {
  readonly message_id: MessageKey;
  readonly delivery_id: string | null;
  readonly payload: bigint | number | null;
  readonly bytes: bigint | number | null;
  readonly received_at: bigint | null;
  readonly trace_id: string | null;
}

/** Adds messages with what belongs to them in `db`. One outcome for each message, in order. */
export async function addWithDeliveries(db: Knex, messages: readonly Message[], add: Add): Promise<UpdateOutcome[]> {
  const outcomes: UpdateOutcome[] = [];
  for await (const slice of withDeliveries(db, messages)) outcomes.push(...(await add(slice)));
  return outcomes;
}

/**
 * The messages in their order with what belongs to them in `db`: how they came in, the ids of their deliveries, and their
 * bodies, each once for all messages of a slice that share it.
 */
export async function* withDeliveries(db: Knex, messages: readonly Message[]): AsyncGenerator<NewMessage[]> {
  const keys = messages.map((message) => messageKey(message));
  const rows = await rowsOf<Belonging>(
    db,
    `select message_id, delivery_id, payload, length(body) as bytes, received_at, trace_id
     from messages left join payloads on payloads.id = payload where message_id in (${marks(keys)})`,
    keys,
  );
  const belongings = new Map(rows.map((row) => [row.message_id, row]));
  for (const slice of slices(messages, belongings)) {
    const ids = slice.map((message) => belongings.get(messageKey(message))?.payload ?? null);
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

/** Adds what `db` knows of the states of messages, whether it has the messages or not. */
export async function copyStatuses(db: Knex, pageSize: number, check: () => Promise<void>, add: Add): Promise<void> {
  let after = '';
  for (;;) {
    await check();
    const rows = await rowsOf<{ message_id: string; state: string; changed_at: bigint }>(
      db,
      'select message_id, state, changed_at from message_statuses where message_id > ? order by message_id limit ?',
      [after, pageSize],
    );
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.message_id;
    await add(
      rows.map(({ message_id: key, state, changed_at: at }) => ({
        kind: 'status',
        ...fromMessageKey(key),
        state,
        at: timestampFromMicros(at),
      })),
    );
  }
}

export interface Belongings {
  /** Messages whose body is kept. */
  readonly bodies: number;
  /** Messages of which a state is known. */
  readonly statuses: number;
  /** Messages of which it is known when they came in. */
  readonly arrivals: number;
  /** Messages of which the trace is known. */
  readonly traces: number;
}

/** Reads all messages. */
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

/** The messages in their order, cut where their bodies become too many bytes. */
function* slices(messages: readonly Message[], belongings: ReadonlyMap<MessageKey, Belonging>): Generator<Message[]> {
  let slice: Message[] = [];
  let payloads = new Set<string>();
  let bytes = 0;
  for (const message of messages) {
    const { payload = null, bytes: length = null } = belongings.get(messageKey(message)) ?? {};
    const more = payload === null || payloads.has(String(payload)) ? 0 : Number(length);
    if (slice.length > 0 && bytes + more > MAX_BYTES) {
      yield slice;
      [slice, payloads, bytes] = [[], new Set(), 0];
    }
    slice.push(message);
    payloads.add(String(payload));
    bytes += more;
  }
  if (slice.length > 0) yield slice;
}

async function payloadsOf(db: Knex, ids: readonly (bigint | number)[]): Promise<Map<string, Payload>> {
  if (ids.length === 0) return new Map();
  const rows = await rowsOf<{ id: bigint; media_type: string; body: Uint8Array }>(
    db,
    `select id, media_type, body from payloads where id in (${marks(ids)})`,
    ids,
  );
  return new Map(rows.map(({ id, media_type: mediaType, body }) => [String(id), { mediaType, body }]));
}
