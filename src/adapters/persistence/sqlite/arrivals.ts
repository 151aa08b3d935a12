import type { Knex } from 'knex';
import type { ArrivedMessage, Place } from '../../../domain/arrival.ts';
import { rowOf, rowsOf } from '../dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../message-row.ts';

/** One connection writes at a time, so the order of `seq` is the order of the commits. */
const STATE = '(select epoch, (select coalesce(max(seq), 0) from messages) as latest from stream_epoch) as state';

interface State {
  readonly epoch: string;
  readonly latest: bigint;
}

/** One statement, so that the messages and the epoch are of one snapshot. */
export async function arrivalsAfter(
  db: Knex,
  after: Place,
  limit: number,
): Promise<readonly ArrivedMessage[] | 'unknown_place'> {
  const rows = await rowsOf<State & MessageRow & { readonly seq: bigint | null }>(
    db,
    `select state.*, arrived.* from ${STATE}
     left join (select seq, ${MESSAGE_COLUMNS.join(', ')} from messages where seq > ? order by seq limit ?) as arrived on true
     order by seq`,
    [after.at, limit],
  );
  if (rows.some(({ epoch, latest }) => epoch !== after.epoch || latest < after.at)) return 'unknown_place';
  return rows.flatMap(({ epoch, seq, ...row }) =>
    seq === null ? [] : [{ message: toMessage(row), place: { epoch, at: seq, key: '' } }],
  );
}

export async function latestArrival(db: Knex): Promise<Place> {
  const { epoch, latest } = await rowOf<State>(db, `select * from ${STATE}`);
  return { epoch, at: latest, key: '' };
}
