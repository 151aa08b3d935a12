import type { Knex } from 'knex';
import type { Erased } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { messageKey } from '../../../domain/message.ts';
import { marks, rowsOf, type ErasingDialect } from '../schema/dialect.ts';

/** Messages per transaction. A concurrent commit waits for the whole transaction. */
export const ERASED_AT_A_TIME = 250;
/** Messages examined per step, because only few of them may match the rule. */
const EXAMINED_AT_A_TIME = 5_000;

/** An SQL condition with its bindings. */
export interface Condition {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

interface Place {
  readonly sentAt: bigint;
  readonly key: string;
}

interface PlaceRow {
  readonly sent_at: bigint;
  readonly message_id: string;
}

/** Messages within reach of the rule behind a place, in their order. */
function ahead(db: Knex, after: Place | null, upTo: Condition): Knex.QueryBuilder {
  const query = where(db('messages'), upTo);
  if (after !== null) void where(query, { sql: '(sent_at, message_id) > (?, ?)', bindings: [after.sentAt, after.key] });
  return query;
}

/** The end of the page behind a place, and the condition that bounds the page; the end is undefined in the last page. */
async function pageAfter(
  db: Knex,
  rule: ErasureRule,
  after: Place | null,
): Promise<{ end: PlaceRow | undefined; upTo: Condition }> {
  const [end] = (await ahead(db, after, withinReach(rule))
    .select('sent_at', 'message_id')
    .orderBy(['sent_at', 'message_id'])
    .offset(EXAMINED_AT_A_TIME - 1)
    .limit(1)) as PlaceRow[];
  // This bound replaces the reach: of two upper bounds SQLite uses one for the index, perhaps the wrong one, and reads everything.
  const upToEnd = end && { sql: '(sent_at, message_id) <= (?, ?)', bindings: [end.sent_at, end.message_id] };
  return { end, upTo: upToEnd ?? withinReach(rule) };
}

/** The next messages that match the rule, and where to continue; null at the end. Only reads. */
export async function nextToErase(
  db: Knex,
  rule: ErasureRule,
  after: Place | null,
): Promise<{ keys: string[]; next: Place | null }> {
  const { end, upTo } = await pageAfter(db, rule, after);
  const rows = (await where(ahead(db, after, upTo), isErasedWithinReach(rule))
    .select('sent_at', 'message_id')
    .orderBy(['sent_at', 'message_id'])
    .limit(ERASED_AT_A_TIME)) as PlaceRow[];
  const last = rows.length === ERASED_AT_A_TIME ? rows.at(-1) : end;
  return {
    keys: rows.map(({ message_id: key }) => key),
    next: last === undefined ? null : { sentAt: last.sent_at, key: last.message_id },
  };
}

/** The number of messages in the next page that match the rule, and where to continue; null at the end. Only reads. */
export async function countToErase(
  db: Knex,
  rule: ErasureRule,
  after: Place | null,
): Promise<{ count: number; next: Place | null }> {
  const { end, upTo } = await pageAfter(db, rule, after);
  const row = (await where(ahead(db, after, upTo), isErasedWithinReach(rule))
    .count({ count: '*' })
    .first()) as { count: bigint };
  return { count: Number(row.count), next: end === undefined ? null : { sentAt: end.sent_at, key: end.message_id } };
}

/** Erases those candidates that still match the rule, with everything that belongs to them. Call it exclusively. */
export async function eraseMessages(
  transaction: Knex,
  dialect: ErasingDialect,
  rule: ErasureRule,
  candidates: readonly string[],
): Promise<Omit<Erased, 'excerpts'>> {
  // Check the rule again: meanwhile another process may have erased a candidate, and its provider may have sent it again.
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

/** Deletes the statuses of messages. It locks them in the order in which ingest does, or the two could deadlock. */
export async function eraseStatuses(transaction: Knex, keys: readonly string[]): Promise<number> {
  const states = transaction('message_statuses').whereIn('message_id', keys);
  await states.clone().select('message_id').orderBy('message_id').forUpdate();
  return states.delete();
}

/** An expired body stays until the last of its messages is erased. A person's body goes even if it also delivered other messages. */
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
  // The person's own messages do not count as bereft: a later transaction erases them.
  const isTheirs = isErased(rule);
  const bereft = await rowsOf(
    transaction,
    `update messages set payload = null where payload in (${marks(ids)}) and not ${isTheirs.sql} returning 1 as row`,
    [...ids, ...isTheirs.bindings],
  );
  await transaction('messages').whereIn('payload', ids).update({ payload: null });
  return { bodies: await transaction('payloads').whereIn('id', ids).delete(), bereft: bereft.length };
}

/** The whole rule as a condition on `messages`; the same as isErased in domain/erasure-rule.ts. */
export function isErased(rule: ErasureRule): Condition {
  const [reach, rest] = [withinReach(rule), isErasedWithinReach(rule)];
  return { sql: `(${reach.sql} and ${rest.sql})`, bindings: [...reach.bindings, ...rest.bindings] };
}

/** The part of the rule that bounds a scan of the index by instant. */
function withinReach(rule: ErasureRule): Condition {
  if (rule.of === 'person') return { sql: 'true', bindings: [] };
  const { before, keepSince } = rule;
  if (keepSince === null) return { sql: 'sent_at < ?', bindings: [before] };
  return {
    sql: 'sent_at < ? and (sent_at, message_id) < (?, ?)',
    bindings: [before, keepSince.sentAt, messageKey(keepSince)],
  };
}

function isErasedWithinReach(rule: ErasureRule): Condition {
  if (rule.of === 'person') {
    return { sql: '(from_msisdn = ? or to_msisdn = ?)', bindings: [rule.number, rule.number] };
  }
  const exempt = rule.keepFrom.length === 0 ? '' : `and from_msisdn not in (${marks(rule.keepFrom)})`;
  return { sql: `coalesce(received_at, sent_at) < ? ${exempt}`, bindings: [rule.before, ...rule.keepFrom] };
}

function where(query: Knex.QueryBuilder, { sql, bindings }: Condition): Knex.QueryBuilder {
  return query.whereRaw(sql, bindings as Knex.RawBinding[]);
}
