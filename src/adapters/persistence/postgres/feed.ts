import type { Knex } from 'knex';
import { MAX_EXCEPT, type FeedEntry, type StreamPosition } from '../../../domain/stream-position.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/**
 * Below the horizon every transaction is over, and no other will come to stand there: what is read up to it is complete,
 * whichever replica stored it and however long its commit took (docs/adr/0013). The driver gives an xid8 as text.
 */
const HORIZON = 'pg_snapshot_xmin(pg_current_snapshot())';
const STATE = `(
  select epoch, ${HORIZON}::text as horizon, pg_snapshot_xmax(pg_current_snapshot())::text as future from stream_epoch
) as state`;

interface State {
  readonly epoch: string;
  readonly horizon: string;
  /** No transaction with this number is over yet, nor with a greater one. */
  readonly future: string;
}

/** One statement, so that the messages, the horizon and the epoch are of one snapshot. */
export async function feedAfter(
  db: Knex,
  after: StreamPosition,
  limit: number,
): Promise<readonly FeedEntry[] | 'unknown_position'> {
  const rows = await rowsOf<State & MessageRow & { readonly arrived: string | null }>(
    db,
    `select state.*, arrivals.* from ${STATE}
     left join (
       select arrived, ${MESSAGE_COLUMNS.join(', ')} from messages
       where arrived < ${HORIZON} and (arrived, message_id) > (?::xid8, ?)
       order by arrived, message_id limit ?
     ) as arrivals on true
     order by arrived, message_id`,
    [String(after.at), after.key, limit],
  );
  const positions = [after.at, after.old?.end ?? after.at];
  if (rows.some(({ epoch, future }) => epoch !== after.epoch || positions.some((at) => BigInt(future) < at))) {
    return 'unknown_position'; // a server that lost transactions gives their numbers again, to what is news
  }
  return rows.flatMap(({ epoch, arrived, ...row }) =>
    arrived === null
      ? []
      : [{ message: toMessage(row), position: { epoch, at: BigInt(arrived), key: row.message_id } }],
  );
}

/**
 * What has been stored beside transactions that are still under way stands behind it, and is known to be old by their numbers.
 * @param max the most of them that are named: beside more, some of what was stored before is told, too
 */
export async function feedEnd(db: Knex, max = MAX_EXCEPT): Promise<StreamPosition> {
  const { epoch, horizon, future, under_way } = await rowOf<State & { readonly under_way: readonly string[] }>(
    db,
    `select state.*, array(
       select number::text from pg_snapshot_xip(pg_current_snapshot()) as under_way (number) order by under_way.number limit ?
     ) as under_way from ${STATE}`,
    [max + 1],
  );
  const position = { epoch, at: BigInt(horizon), key: '' };
  if (under_way.length === 0) return position; // a standby names none, whatever is under way, so nothing is known to be old
  const end = BigInt(under_way[max] ?? future);
  return { ...position, old: { end, except: under_way.slice(0, max).map(BigInt) } };
}
