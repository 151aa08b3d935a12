import { messageKey, type MessageKey } from '../../../../domain/message.ts';
import { statusRank, supersedes, type MessageStatus, type StatusUpdate } from '../../../../domain/update.ts';
import type { UpdateOutcome } from '../../../../domain/ingest-outcome.ts';
import { timestampFromMicros } from '../../../../domain/timestamp.ts';

/**
 * Part of a `with` query that stores the latest status of each message: `changed` has a row for each status that was stored. It
 * locks in the order of the keys, as storing messages does, so that two replicas cannot deadlock.
 *
 * `replaced` is the row that the new one replaced. `returning` shows only the new row, and a query before the insert would miss
 * what another replica commits in between. The condition sees the locked row, and is evaluated before `returning`; for a row that
 * replaced none, it is not evaluated, and the setting still has the value for an earlier key.
 */
export const CHANGED_STATUSES = `
  changed as (
    insert into message_statuses (message_id, state, rank, changed_at)
    select * from unnest($15::text[], $16::text[], $17::int[], $18::bigint[]) as given (message_id, state, rank, changed_at)
    order by message_id collate "C"
    on conflict (message_id) do update
      set state = excluded.state, rank = excluded.rank, changed_at = excluded.changed_at
      where (excluded.changed_at, excluded.rank) > (message_statuses.changed_at, message_statuses.rank)
      and set_config(
        'webhook_inbox.replaced',
        json_build_array(message_statuses.message_id, message_statuses.state, message_statuses.changed_at::text)::text,
        true
      ) is not null
    returning message_id, current_setting('webhook_inbox.replaced', true) as replaced
  )`;

export interface ChangedStatus {
  readonly message_id: MessageKey;
  readonly replaced: string | null;
}

/** The values of the statement: of each message, the status that supersedes the others of the group. */
export function statusColumns(statuses: readonly StatusUpdate[]): unknown[] {
  const latest = new Map<MessageKey, MessageStatus>();
  for (const status of statuses) {
    const key = messageKey(status);
    const known = latest.get(key);
    if (known === undefined || supersedes(status, known)) latest.set(key, status);
  }
  const entries = [...latest.values()];
  return [
    [...latest.keys()],
    entries.map(({ state }) => state),
    entries.map(({ state }) => statusRank(state)),
    entries.map(({ at }) => String(at)),
  ];
}

/** The outcome of each status, as if they had been stored one after the other. */
export function statusOutcomes(statuses: readonly StatusUpdate[], changed: readonly ChangedStatus[]): UpdateOutcome[] {
  const latest = new Map(changed.map((row) => [row.message_id, replacedStatus(row)]));
  return statuses.map((status) => {
    const key = messageKey(status);
    const known = latest.get(key);
    // If nothing was stored, not even the latest of the group supersedes the stored status.
    if (known === undefined || (known !== null && !supersedes(status, known))) return 'status_stale';
    latest.set(key, status);
    return 'status_updated';
  });
}

function replacedStatus({ message_id: key, replaced }: ChangedStatus): MessageStatus | null {
  if (replaced === null || replaced === '') return null;
  const [ofKey, state = '', at = ''] = JSON.parse(replaced) as string[];
  return ofKey === key ? { state, at: timestampFromMicros(BigInt(at)) } : null;
}
