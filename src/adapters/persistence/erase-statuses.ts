import type { Knex } from 'knex';
import type { ExpiryRule } from '../../domain/erasure.ts';
import { rowsOf } from './dialect.ts';
import { ERASED_AT_A_TIME, eraseStatuses } from './erase-messages.ts';
import { marks } from './erasure-conditions.ts';

/** A state of a message that is not here, of those that were sent by others: nothing else would ever take it away. */
const stray = `changed_at < ?
  and not exists (select 1 from messages where messages.message_id = message_statuses.message_id)`;

/** The next states of that kind that are too old, and where to look on; null when all have been looked at. Only reads. */
export async function nextStrayStatuses(
  db: Knex,
  { before }: ExpiryRule,
  after: string,
): Promise<{ keys: string[]; next: string | null }> {
  const page = await rowsOf<{ message_id: string; goes: boolean | bigint | number }>(
    db,
    `select message_id, (${stray}) as goes from message_statuses where message_id > ?
     order by message_id limit ${String(ERASED_AT_A_TIME)}`,
    [before, after],
  );
  const last = page.length === ERASED_AT_A_TIME ? page.at(-1) : undefined;
  const keys = page.filter(({ goes }) => Boolean(goes)).map(({ message_id: key }) => key);
  return { keys, next: last?.message_id ?? null };
}

/** To be called alone. */
export async function eraseStrayStatuses(
  transaction: Knex,
  { before }: ExpiryRule,
  candidates: readonly string[],
): Promise<number> {
  const rows = await rowsOf<{ message_id: string }>(
    transaction,
    `select message_id from message_statuses where message_id in (${marks(candidates)}) and ${stray}`,
    [...candidates, before],
  );
  return rows.length === 0
    ? 0
    : eraseStatuses(
        transaction,
        rows.map(({ message_id: key }) => key),
      );
}
