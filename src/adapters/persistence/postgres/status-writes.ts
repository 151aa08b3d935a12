import type { Client } from 'pg';
import { messageKey, type MessageKey } from '../../../domain/message.ts';
import { statusRank, supersedes, type MessageStatus, type StatusUpdate } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';

/** Locks in the order of the keys, as storing messages does, so that two replicas cannot deadlock. */
const FIND = {
  name: 'find-statuses',
  text: `select message_id, state, changed_at from message_statuses where message_id = any ($1)
         order by message_id for update`,
};
const SET = {
  name: 'set-statuses',
  text: `
    insert into message_statuses (message_id, state, rank, changed_at)
    select * from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) as given (message_id, state, rank, changed_at)
    order by message_id collate "C"
    on conflict (message_id) do update
      set state = excluded.state, rank = excluded.rank, changed_at = excluded.changed_at
      where (excluded.changed_at, excluded.rank) > (message_statuses.changed_at, message_statuses.rank)`,
};

/** Stores the latest status of each message. Call it in a transaction. Returns one outcome per status, in order. */
export async function setStatuses(client: Client, statuses: readonly StatusUpdate[]): Promise<UpdateOutcome[]> {
  const keys = [...new Set(statuses.map(messageKey))];
  const { rows } = await client.query<{ message_id: MessageKey; state: string; changed_at: bigint }>({
    ...FIND,
    values: [keys],
  });
  const latest = new Map<MessageKey, MessageStatus>(
    rows.map(({ message_id: key, state, changed_at: at }) => [key, { state, at: timestampFromMicros(at) }]),
  );
  const outcomes = statuses.map((status): UpdateOutcome => {
    const key = messageKey(status);
    const known = latest.get(key);
    if (known !== undefined && !supersedes(status, known)) return 'status_stale';
    latest.set(key, status);
    return 'status_updated';
  });
  const entries = [...latest];
  await client.query({
    ...SET,
    values: [
      entries.map(([key]) => key),
      entries.map(([, { state }]) => state),
      entries.map(([, { state }]) => statusRank(state)),
      entries.map(([, { at }]) => String(at)),
    ],
  });
  return outcomes;
}
