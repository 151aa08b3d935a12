import type { Knex } from 'knex';
import type { Msisdn } from '../../../domain/message.ts';
import { marks, rowsOf } from '../schema/dialect.ts';
import { namesNumber } from './names-number.ts';
import type { ErasingDialect } from './erasing-dialect.ts';
import type { Condition } from './erasure-conditions.ts';

/** Bodies and excerpts that are looked through in a step; a body is read only when it holds the digits somewhere. */
const EXAMINED_AT_A_TIME = 500;

export interface Mentions {
  readonly ids: string[];
  /** The id to look on from; null when all have been looked at. */
  readonly next: string | null;
}

/** The next bodies that are no message's and name the number. Only reads. */
export async function nextBodies(db: Knex, dialect: ErasingDialect, number: Msisdn, after: string): Promise<Mentions> {
  const end = await endOfPage(db, 'payloads', after);
  const page = { sql: `id > ? ${end === null ? '' : 'and id <= ?'}`, bindings: end === null ? [after] : [after, end] };
  return { ids: await bodiesNaming(db, dialect, number, page), next: end };
}

/** Erases those of the bodies that are still to go. To be called alone. */
export async function eraseBodiesNaming(
  transaction: Knex,
  dialect: ErasingDialect,
  number: Msisdn,
  candidates: readonly string[],
): Promise<number> {
  // Looked at again: SQLite gives the number of the highest body to the next one when it has gone, and that is a message's.
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

/** The next rejections whose excerpt names the number. Only reads. */
export async function nextExcerpts(db: Knex, number: Msisdn, after: string): Promise<Mentions> {
  const end = await endOfPage(db, 'rejections', after);
  const rows = await rowsOf<{ id: bigint; excerpt: string }>(
    db,
    `select id, excerpt from rejections where id > ? ${end === null ? '' : 'and id <= ?'} and excerpt is not null`,
    [after, ...(end === null ? [] : [end])],
  );
  return { ids: rows.filter(({ excerpt }) => namesNumber(excerpt, number)).map(({ id }) => String(id)), next: end };
}

export async function forgetExcerpts(transaction: Knex, ids: readonly string[]): Promise<number> {
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
