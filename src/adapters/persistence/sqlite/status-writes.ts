import type { Database, Statement } from 'better-sqlite3';
import { messageKey } from '../../../domain/message.ts';
import { statusRank, type StatusUpdate } from '../../../domain/update.ts';
import type { UpdateOutcome } from '../../../domain/ingest-outcome.ts';

export type SetStatus = Statement<[string, string, number, bigint]>;

export function prepareSetStatus(connection: Database): SetStatus {
  return connection.prepare(
    `insert into message_statuses (message_id, state, rank, changed_at) values (?, ?, ?, ?)
     on conflict (message_id) do update
       set state = excluded.state, rank = excluded.rank, changed_at = excluded.changed_at
       where (excluded.changed_at, excluded.rank) > (message_statuses.changed_at, message_statuses.rank)`,
  );
}

/** Stores a status unless the message has a later one. Call it in a transaction. */
export function setStatus(statement: SetStatus, { provider, messageId, state, at }: StatusUpdate): UpdateOutcome {
  const { changes } = statement.run(messageKey({ messageId, provider }), state, statusRank(state), at);
  return changes === 1 ? 'status_updated' : 'status_stale';
}
