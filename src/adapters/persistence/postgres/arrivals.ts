import type { Knex } from 'knex';
import type { ArrivedMessage, Place } from '../../../domain/arrival.ts';
import { rowOf, rowsOf } from '../dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../message-row.ts';

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
  /** No transaction has this number yet, or a greater one. */
  readonly future: string;
}

/** So many are named at most, that a place stays short: beside more of them some of what was stored before is told, too. */
const MAX_UNDER_WAY = 100;

/** One statement, so that the messages, the horizon and the epoch are of one snapshot. */
export async function arrivalsAfter(
  db: Knex,
  after: Place,
  limit: number,
): Promise<readonly ArrivedMessage[] | 'unknown_place'> {
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
  if (rows.some(({ epoch, future }) => epoch !== after.epoch || BigInt(future) < after.at)) return 'unknown_place';
  return rows.flatMap(({ epoch, arrived, ...row }) =>
    arrived === null ? [] : [{ message: toMessage(row), place: { epoch, at: BigInt(arrived), key: row.message_id } }],
  );
}

/** What has been stored beside transactions that are still under way stands behind it, and is known to be old by their numbers. */
export async function latestArrival(db: Knex, maxUnderWay = MAX_UNDER_WAY): Promise<Place> {
  const { epoch, horizon, future, under_way } = await rowOf<State & { readonly under_way: readonly string[] }>(
    db,
    `select state.*, array(
       select number::text from pg_snapshot_xip(pg_current_snapshot()) as under_way (number) order by under_way.number limit ?
     ) as under_way from ${STATE}`,
    [maxUnderWay + 1],
  );
  const place = { epoch, at: BigInt(horizon), key: '' };
  if (under_way.length === 0) return place;
  const end = BigInt(under_way[maxUnderWay] ?? future);
  return { ...place, old: { end, except: under_way.slice(0, maxUnderWay).map(BigInt) } };
}
