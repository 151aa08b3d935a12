import type { Knex } from 'knex';
import { fromMessageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import type { StatusUpdate } from '../../../domain/update.ts';
import { rowsOf } from '../schema/dialect.ts';

export interface StatusRow {
  readonly message_id: string;
  readonly state: string;
  readonly changed_at: bigint;
}

export interface StatusPages {
  /** Starts after this key. */
  readonly after?: string;
  readonly limit: number;
  /** Reads only statuses of messages that are not stored. */
  readonly withoutMessage?: boolean;
}

/** Reads statuses in the order of their keys, one page at a time. */
export async function* statusPages(
  db: Knex,
  { after = '', limit, withoutMessage = false }: StatusPages,
  check: () => Promise<void>,
): AsyncGenerator<StatusUpdate[]> {
  const missing = 'and not exists (select 1 from messages where messages.message_id = message_statuses.message_id)';
  let last: string | undefined = after;
  for (;;) {
    await check();
    const rows: StatusRow[] = await rowsOf<StatusRow>(
      db,
      `select message_id, state, changed_at from message_statuses where message_id > ? ${withoutMessage ? missing : ''}
       order by message_id limit ?`,
      [last, limit],
    );
    last = rows.at(-1)?.message_id;
    if (last === undefined) return;
    yield rows.map(({ message_id: key, state, changed_at: at }) => ({
      kind: 'status',
      ...fromMessageKey(key),
      state,
      at: timestampFromMicros(at),
    }));
  }
}
