import type { Knex } from 'knex';
import type { FeedPage } from '../../../application/ports/store.ts';
import type { StreamPosition } from '../../../domain/stream-position.ts';
import { rowOf, rowsOf } from '../schema/dialect.ts';
import { MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';

/** One connection writes at a time, so `seq` is the commit order. */
const STATE = '(select epoch, (select coalesce(max(seq), 0) from messages) as latest from stream_epoch) as state';

interface State {
  readonly epoch: string;
  readonly latest: bigint;
}

/** One statement, so that the messages and the epoch belong to one snapshot. */
export async function feedAfter(
  db: Knex,
  after: StreamPosition,
  limit: number,
): Promise<FeedPage | 'unknown_position'> {
  const rows = await rowsOf<State & MessageRow & { readonly seq: bigint | null }>(
    db,
    `select state.*, news.* from ${STATE}
     left join (select seq, ${MESSAGE_COLUMNS.join(', ')} from messages where seq > ? order by seq limit ?) as news on true
     order by seq`,
    [after.at, limit],
  );
  if (rows.some(({ epoch, latest }) => epoch !== after.epoch || latest < after.at)) return 'unknown_position';
  const entries = rows.flatMap(({ epoch, seq, ...row }) =>
    seq === null ? [] : [{ message: toMessage(row), position: { epoch, at: seq, key: '' } }],
  );
  return { entries, position: entries.at(-1)?.position ?? after };
}

export async function feedEnd(db: Knex): Promise<StreamPosition> {
  const { epoch, latest } = await rowOf<State>(db, `select * from ${STATE}`);
  return { epoch, at: latest, key: '' };
}
