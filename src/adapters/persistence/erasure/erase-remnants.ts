import type { Knex } from 'knex';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import type { Msisdn } from '../../../domain/message.ts';
import { marks, rowsOf, type ErasingDialect } from '../schema/dialect.ts';
import { ERASED_AT_A_TIME, eraseStatuses, type Condition } from './erase-messages.ts';
import { namesNumber } from './names-number.ts';

/** Bodies and excerpts examined per step. A body is read only if it contains the digits. */
const EXAMINED_AT_A_TIME = 500;

/** The data to erase in one page, and the position to continue from; null at the end. */
export interface Remnants {
  readonly ids: string[];
  readonly next: string | null;
}

/**
 * The status of a message that is not stored here: no erased message takes it along. Only its id can tell which person it
 * belongs to.
 */
function isStray(rule: ErasureRule): Condition {
  const sql = 'not exists (select 1 from messages where messages.message_id = message_statuses.message_id)';
  return rule.of === 'age' ? { sql: `changed_at < ? and ${sql}`, bindings: [rule.before] } : { sql, bindings: [] };
}

/** The next stray statuses that are expired or may belong to the person. Only reads. */
export async function nextStrayStatuses(db: Knex, rule: ErasureRule, after: string): Promise<Remnants> {
  const stray = isStray(rule);
  // The page is a subquery, or PostgreSQL would join all statuses with all messages.
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
  const ids = page.filter((row) => Boolean(row.stray)).map(({ message_id: key }) => key);
  return { ids, next: last?.message_id ?? null };
}

/** Erases those statuses that are still stray. Call it exclusively. */
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
  if (rows.length === 0) return 0;
  const keys = rows.map(({ message_id: key }) => key);
  return eraseStatuses(transaction, keys);
}

/** The next bodies that contain the number and belong to no message. Only reads. */
export async function nextBodies(db: Knex, dialect: ErasingDialect, number: Msisdn, after: string): Promise<Remnants> {
  const end = await endOfPage(db, 'payloads', after);
  const page = { sql: `id > ? ${end === null ? '' : 'and id <= ?'}`, bindings: end === null ? [after] : [after, end] };
  return { ids: await bodiesNaming(db, dialect, number, page), next: end };
}

/** Erases those bodies that still contain the number and belong to no message. Call it exclusively. */
export async function eraseBodiesNaming(
  transaction: Knex,
  dialect: ErasingDialect,
  number: Msisdn,
  candidates: readonly string[],
): Promise<number> {
  // Check again: SQLite may have reused the id of a deleted body for the body of a new message.
  const among = { sql: `id in (${marks(candidates)})`, bindings: candidates };
  const ids = await bodiesNaming(transaction, dialect, number, among);
  return ids.length === 0 ? 0 : transaction('payloads').whereIn('id', ids).delete();
}

async function bodiesNaming(db: Knex, dialect: ErasingDialect, number: Msisdn, among: Condition): Promise<string[]> {
  const rows = await rowsOf<{ id: bigint; body: Uint8Array }>(
    db,
    `select id, body from payloads where ${among.sql} and ${dialect.placeInBody} > 0
     and not exists (select 1 from messages where messages.payload = payloads.id)`,
    [...among.bindings, Buffer.from(number.slice(1))],
  );
  const naming = rows.filter(({ body }) => namesNumber(Buffer.from(body).toString('latin1'), number));
  return naming.map(({ id }) => String(id));
}

/** The next rejections whose excerpt contains the number. Only reads. */
export async function nextExcerpts(db: Knex, number: Msisdn, after: string): Promise<Remnants> {
  const end = await endOfPage(db, 'rejections', after);
  const rows = await rowsOf<{ id: bigint; excerpt: string }>(
    db,
    `select id, excerpt from rejections where id > ? ${end === null ? '' : 'and id <= ?'} and excerpt is not null`,
    [after, ...(end === null ? [] : [end])],
  );
  return { ids: rows.filter(({ excerpt }) => namesNumber(excerpt, number)).map(({ id }) => String(id)), next: end };
}

/** Erases the excerpts and keeps their rejections. */
export async function eraseExcerpts(transaction: Knex, ids: readonly string[]): Promise<number> {
  return transaction('rejections').whereIn('id', ids).update({ excerpt: null });
}

async function endOfPage(db: Knex, table: 'payloads' | 'rejections', after: string): Promise<string | null> {
  const [end] = await rowsOf<{ id: bigint }>(
    db,
    `select id from ${table} where id > ? order by id limit 1 offset ${String(EXAMINED_AT_A_TIME - 1)}`,
    [after],
  );
  return end === undefined ? null : String(end.id);
}
