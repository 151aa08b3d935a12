import type { Knex } from 'knex';
import type { FeedEntry, StreamPosition } from '../../../domain/stream-position.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/** One connection writes at a time, so the order of `seq` is the order of the commits. */
const STATE = '(select epoch, (select coalesce(max(seq), 0) from messages) as latest from stream_epoch) as state';

interface State {
  readonly epoch: string;
  readonly latest: bigint;
}

/** One statement, so that the messages and the epoch are of one snapshot. */
export async function feedAfter(
  db: Knex,
  after: StreamPosition,
  limit: number,
): Promise<readonly FeedEntry[] | 'unknown_position'> {
  const rows = await rowsOf<State & MessageRow & { readonly seq: bigint | null }>(
    db,
    `select state.*, arrived.* from ${STATE}
     left join (select seq, ${MESSAGE_COLUMNS.join(', ')} from messages where seq > ? order by seq limit ?) as arrived on true
     order by seq`,
    [after.at, limit],
  );
  if (rows.some(({ epoch, latest }) => epoch !== after.epoch || latest < after.at)) return 'unknown_position';
  return rows.flatMap(({ epoch, seq, ...row }) =>
    seq === null ? [] : [{ message: toMessage(row), position: { epoch, at: seq, key: '' } }],
  );
}

export async function feedEnd(db: Knex): Promise<StreamPosition> {
  const { epoch, latest } = await rowOf<State>(db, `select * from ${STATE}`);
  return { epoch, at: latest, key: '' };
}
