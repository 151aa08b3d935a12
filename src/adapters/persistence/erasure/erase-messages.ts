import type { Knex } from 'knex';
import type { Erased } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { marks, rowsOf } from '../schema/dialect.ts';
import type { ErasingDialect } from './erasing-dialect.ts';
import { isErased, isErasedWithinReach, where, withinReach, type Condition } from './erasure-conditions.ts';

/** Messages in a transaction: a commit that meets one waits for it. */
export const ERASED_AT_A_TIME = 250;
/** Messages that are looked at for them: hardly any may be to go. */
const EXAMINED_AT_A_TIME = 5_000;

interface Place {
  readonly sentAt: bigint;
  readonly key: string;
}

interface PlaceRow {
  readonly sent_at: bigint;
  readonly message_id: string;
}

/** The next messages that are to go, and where to look on; null when all have been looked at. Only reads. */
export async function nextToErase(
  db: Knex,
  rule: ErasureRule,
  after: Place | null,
): Promise<{ keys: string[]; next: Place | null }> {
  const ahead = (upTo: Condition): Knex.QueryBuilder => {
    const query = where(db('messages').select('sent_at', 'message_id'), upTo);
    if (after !== null) {
      void where(query, { sql: '(sent_at, message_id) > (?, ?)', bindings: [after.sentAt, after.key] });
    }
    return query.orderBy(['sent_at', 'message_id']);
  };
  const [end] = (await ahead(withinReach(rule))
    .offset(EXAMINED_AT_A_TIME - 1)
    .limit(1)) as PlaceRow[];
  // Instead of the reach, not beside it: SQLite may take only one of the two to end at, and go through all there is each time.
  const upToEnd = end && { sql: '(sent_at, message_id) <= (?, ?)', bindings: [end.sent_at, end.message_id] };
  const found = where(ahead(upToEnd ?? withinReach(rule)), isErasedWithinReach(rule)).limit(ERASED_AT_A_TIME);
  const rows = (await found) as PlaceRow[];
  const last = rows.length === ERASED_AT_A_TIME ? rows.at(-1) : end;
  return {
    keys: rows.map(({ message_id: key }) => key),
    next: last === undefined ? null : { sentAt: last.sent_at, key: last.message_id },
  };
}

/** Erases those of the messages that are still to go, with all that belongs to them. To be called alone. */
export async function eraseMessages(
  transaction: Knex,
  dialect: ErasingDialect,
  rule: ErasureRule,
  candidates: readonly string[],
): Promise<Omit<Erased, 'excerpts'>> {
  // Looked at again: another may have erased one meanwhile, and its provider sent it again.
  const rows = (await where(
    transaction('messages').select('message_id', 'payload').whereIn('message_id', candidates),
    isErased(rule),
  )) as { message_id: string; payload: bigint | null }[];
  if (rows.length === 0) return { messages: 0, statuses: 0, bodies: 0, bereft: 0 };
  const keys = rows.map(({ message_id: key }) => key);
  await dialect.forget(transaction, keys);
  const statuses = await eraseStatuses(transaction, keys);
  const messages = await transaction('messages').whereIn('message_id', keys).delete();
  const payloads = [...new Set(rows.map(({ payload }) => payload).filter((payload) => payload !== null))];
  const bodies = await eraseBodies(transaction, rule, payloads);
  return { messages, statuses, ...bodies };
}

/** In the order of the keys, as they are stored: or a commit and this one might wait for each other. */
export async function eraseStatuses(transaction: Knex, keys: readonly string[]): Promise<number> {
  const states = transaction('message_statuses').whereIn('message_id', keys);
  await states.clone().select('message_id').orderBy('message_id').forUpdate();
  return states.delete();
}

/** By age a body stays as long as one of its messages does; with a person it goes, whoever else's messages it brought. */
async function eraseBodies(
  transaction: Knex,
  rule: ErasureRule,
  payloads: readonly bigint[],
): Promise<{ bodies: number; bereft: number }> {
  if (payloads.length === 0) return { bodies: 0, bereft: 0 };
  const ids = payloads.map(String);
  if (rule.of === 'age') {
    const sql = `delete from payloads where id in (${marks(ids)})
      and not exists (select 1 from messages where messages.payload = payloads.id) returning id`;
    return { bodies: (await rowsOf(transaction, sql, ids)).length, bereft: 0 };
  }
  // A later transaction takes those of the person: they are not other people's.
  const isTheirs = isErased(rule);
  const bereft = await rowsOf(
    transaction,
    `update messages set payload = null where payload in (${marks(ids)}) and not ${isTheirs.sql} returning 1 as row`,
    [...ids, ...isTheirs.bindings],
  );
  await transaction('messages').whereIn('payload', ids).update({ payload: null });
  return { bodies: await transaction('payloads').whereIn('id', ids).delete(), bereft: bereft.length };
}
