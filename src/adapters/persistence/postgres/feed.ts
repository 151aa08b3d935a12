import type { Knex } from 'knex';
import type { FeedPage, MessageFeed } from '../../../application/ports/store.ts';
import { MAX_START_NUMBERS, type StreamPosition } from '../../../domain/stream-position.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/**
 * All transactions below the horizon have ended, and none with such a number will follow: a read up to the horizon is complete,
 * whichever replica stored the messages and however long its commit took (docs/adr/0013). The driver returns an xid8 as text.
 */
const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())';
/**
 * The server's timeline, which increases when a standby is promoted or a backup is recovered: the new primary may lack the last
 * transactions of the old one, and assigns their numbers again. Every role may call these functions
 * (https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP). The first timeline has no suffix, as in
 * the positions of earlier versions.
 */
const TIMELINE = `coalesce('.' || nullif(
  case
    when pg_is_in_recovery() then (select lpad(upper(to_hex(timeline_id)), 8, '0') from pg_control_checkpoint())
    else left(pg_walfile_name(pg_current_wal_lsn()), 8)
  end, '00000001'), '')`;
/** What servers with other storage, such as Aurora, answer to that: their failover loses no transaction. */
const UNSUPPORTED = /^(0A000|42501|42883|55000)$/;

const stateOf = (timeline: string): string => `(
  select epoch || ${timeline} as epoch, ${HORIZON}::text as horizon, pg_snapshot_xmax(pg_current_snapshot())::text as future
  from stream_epoch
) as state`;

/** The feed of a pool's database. */
export interface PostgresFeed extends MessageFeed {
  /**
   * Messages committed while older transactions are in flight lie beyond the end; `start` marks them as old.
   * @param max in-flight transactions to name; if there are more, some messages stored before are delivered as new
   */
  feedEnd(max?: number): Promise<StreamPosition>;
}

export function postgresFeed(db: Knex): PostgresFeed {
  let state = stateOf(TIMELINE);
  async function withState<T>(read: (state: string) => Promise<T>): Promise<T> {
    return read(state).catch((error: unknown) => {
      if (!UNSUPPORTED.test(String((error as { code?: unknown }).code))) throw error;
      state = stateOf("''");
      return read(state);
    });
  }
  return {
    readFeed: (after, limit) => withState((from) => feedAfter(db, from, after, limit)),
    feedEnd: (max = MAX_IN_FLIGHT) => withState((from) => feedEnd(db, from, max)),
  };
}

interface State {
  readonly epoch: string;
  readonly horizon: string;
  /** No transaction with this number or a greater one has ended. */
  readonly future: string;
}

/**
 * The meaning of `start` (docs/adr/0022): when the subscription began, transactions were in flight that hold the horizon, and
 * messages beyond them were committed already. The first number is the end of that range; the others are the transactions in it
 * that were in flight, whose messages are new to the subscriber.
 */
const MAX_IN_FLIGHT = MAX_START_NUMBERS - 1;

/** One statement, so that the messages, the horizon and the epoch belong to one snapshot. */
async function feedAfter(
  db: Knex,
  state: string,
  after: StreamPosition,
  limit: number,
): Promise<FeedPage | 'unknown_position'> {
  const [end = after.at, ...inFlight] = after.start ?? [];
  const rows = await rowsOf<State & MessageRow & { readonly arrived: string | null }>(
    db,
    `select state.*, news.* from ${state}
     left join (
       select arrived, ${MESSAGE_COLUMNS.join(', ')} from messages
       where arrived < ${HORIZON} and (arrived, message_id) > (?::xid8, ?)
       and (arrived >= ?::xid8 or arrived = any (?::xid8[]))
       order by arrived, message_id limit ?
     ) as news on true
     order by arrived, message_id`,
    [String(after.at), after.key, String(end), inFlight.map(String), limit],
  );
  const [now] = rows;
  // After a crash, the server may reuse the numbers of lost transactions, for messages that are new.
  if (now?.epoch !== after.epoch || [after.at, end].some((at) => BigInt(now.future) < at)) return 'unknown_position';
  const startAt = (at: bigint): Pick<StreamPosition, 'start'> =>
    after.start === undefined || at >= end ? {} : { start: after.start };
  const entries = rows.flatMap(({ epoch, arrived, ...row }) => {
    if (arrived === null) return [];
    const at = BigInt(arrived);
    return [{ message: toMessage(row), position: { epoch, at, key: row.message_id, ...startAt(at) } }];
  });
  const last = entries.at(-1)?.position ?? after;
  const horizon = BigInt(now.horizon);
  const pastStart = last.start !== undefined && entries.length < limit && horizon >= end;
  return { entries, position: pastStart ? { epoch: after.epoch, at: horizon, key: '' } : last };
}

async function feedEnd(db: Knex, state: string, max: number): Promise<StreamPosition> {
  const { epoch, horizon, future, in_flight } = await rowOf<State & { readonly in_flight: readonly string[] }>(
    db,
    `select state.*, array(
       select number::text from pg_snapshot_xip(pg_current_snapshot()) as in_flight (number) order by in_flight.number limit ?
     ) as in_flight from ${state}`,
    [max + 1],
  );
  const position = { epoch, at: BigInt(horizon), key: '' };
  if (in_flight.length === 0) return position; // also on a standby, which names none: there, no message is known to be old
  const end = BigInt(in_flight[max] ?? future);
  return { ...position, start: [end, ...in_flight.slice(0, max).map(BigInt)] };
}
