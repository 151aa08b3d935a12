import type { Knex } from 'knex';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { marks, rowsOf } from '../schema/dialect.ts';
import { ERASED_AT_A_TIME, eraseStatuses } from './erase-messages.ts';
import type { Condition } from './erasure-conditions.ts';

/** A status without its message, which another system sent: nothing else would ever delete it. Only the id can tell whose it is. */
function isStray(rule: ErasureRule): Condition {
  const sql = 'not exists (select 1 from messages where messages.message_id = message_statuses.message_id)';
  return rule.of === 'age' ? { sql: `changed_at < ? and ${sql}`, bindings: [rule.before] } : { sql, bindings: [] };
}

/** The next of them that are expired, or may belong to the person, and the key to continue after; null after the last page. Only reads. */
export async function nextStrayStatuses(
  db: Knex,
  rule: ErasureRule,
  after: string,
): Promise<{ keys: string[]; next: string | null }> {
  const stray = isStray(rule);
  // The page comes first: PostgreSQL would look whether all of them have a message, and read every message for that.
  const page = await rowsOf<{ message_id: string; stray: boolean | bigint | number }>(
    db,
    `select message_id, (${stray.sql}) as stray
     from (
       select message_id, changed_at from message_statuses where message_id > ?
       order by message_id limit ${String(ERASED_AT_A_TIME)}
     ) as message_statuses order by message_id`,
    [...stray.bindings, after],
  );
  const last = page.length === ERASED_AT_A_TIME ? page.at(-1) : undefined;
  const keys = page.filter((row) => Boolean(row.stray)).map(({ message_id: key }) => key);
  return { keys, next: last?.message_id ?? null };
}

/** To be called alone. */
export async function eraseStrayStatuses(
  transaction: Knex,
  rule: ErasureRule,
  candidates: readonly string[],
): Promise<number> {
  const stray = isStray(rule);
  const rows = await rowsOf<{ message_id: string }>(
    transaction,
    `select message_id from message_statuses where message_id in (${marks(candidates)}) and ${stray.sql}`,
    [...candidates, ...stray.bindings],
  );
  return rows.length === 0
    ? 0
    : eraseStatuses(
        transaction,
        rows.map(({ message_id: key }) => key),
      );
}
