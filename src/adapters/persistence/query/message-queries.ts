import type { Knex } from 'knex';
import type { MessageFilter, MessagePage, PageStart } from '../../../application/ports/store.ts';
import { messageKey, type Order, type Position } from '../../../domain/message.ts';
import type { Dialect, TextSearch } from '../schema/dialect.ts';
import { countAll, countBefore, countOfSender } from '../counters/message-counters.ts';
import { instantValue, MESSAGE_COLUMNS, toMessage, type MessageRow } from '../schema/message-row.ts';
import { jumpToOffset } from './offset-jump.ts';

interface Page {
  readonly start: PageStart;
  readonly limit: number;
  readonly order: Order;
}

/** Reads a page and the total of its filter. Call it in a transaction, so that both belong to one snapshot. */
export async function listMessages(
  snapshot: Knex,
  dialect: Dialect,
  filter: MessageFilter,
  start: PageStart,
  limit: number,
  order: Order = 'asc',
): Promise<MessagePage> {
  const search = filter.contains === undefined ? null : await dialect.textSearch(snapshot, filter.contains);
  const total = await countMatching(snapshot, dialect, filter, search);
  const rows = await pageOf(snapshot, dialect, filter, search, { start, limit: limit + 1, order }, total);
  return { messages: rows.slice(0, limit).map(toMessage), total, hasMore: rows.length > limit };
}

async function pageOf(
  db: Knex,
  dialect: Dialect,
  filter: MessageFilter,
  search: TextSearch | null,
  { start, limit, order }: Page,
  total: number,
): Promise<MessageRow[]> {
  if ('offset' in start && start.offset >= total) return [];
  if ('offset' in start && order === 'desc' && jumps(filter, search, start.offset)) {
    // Read the same rows in ascending order, because the counters can locate an offset only from the start.
    const end = total - start.offset;
    const first = Math.max(0, end - limit);
    const mirrored = { start: { offset: first }, limit: end - first, order: 'asc' } as const;
    return (await pageOf(db, dialect, filter, search, mirrored, total)).reverse();
  }
  const { skip, ...bounds } = await startOfPage(db, dialect, filter, search, start, order);
  const page = matching(db, dialect, { ...filter, ...bounds }, search)
    .select(MESSAGE_COLUMNS.map((column) => `messages.${column}`))
    .orderBy([
      { column: 'sent_at', order },
      { column: 'message_id', order },
    ])
    .limit(limit)
    .offset(skip);
  if ('after' in start) {
    const beyond = order === 'asc' ? '>' : '<';
    const { sentAt } = start.after;
    void page.whereRaw(`(sent_at, message_id) ${beyond} (?, ?)`, [instantValue(sentAt), messageKey(start.after)]);
  }
  return (await page) as MessageRow[];
}

/** Whether the counters can locate an offset. They count messages before an instant, not those of a sender or with a text. */
function jumps({ from }: MessageFilter, search: TextSearch | null, offset: number): boolean {
  return offset > 0 && from === undefined && search === null;
}

interface Bounds {
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
}

/** The instants between which to read, and the number of matches to skip there. */
async function startOfPage(
  db: Knex,
  dialect: Dialect,
  filter: MessageFilter,
  search: TextSearch | null,
  start: PageStart,
  order: Order,
): Promise<Bounds & { skip: number }> {
  const { since, until } = filter;
  if ('after' in start) return { ...boundsBeyond(filter, start.after, order), skip: 0 };
  if (!jumps(filter, search, start.offset)) return { since, until, skip: start.offset };
  const before = since === undefined ? 0 : await countBefore(db, dialect, since);
  const jump = await jumpToOffset(db, dialect, before + start.offset);
  return jump === null ? { since, until, skip: start.offset } : { since: jump.from, until, skip: jump.skip };
}

/** Drops the bound that the position has already passed: the database might scan the index from there, through all earlier pages. */
function boundsBeyond({ since, until }: MessageFilter, { sentAt }: Position, order: Order): Bounds {
  const passed = order === 'asc' ? since !== undefined && since <= sentAt : until !== undefined && until > sentAt;
  if (!passed) return { since, until };
  return order === 'asc' ? { since: undefined, until } : { since, until: undefined };
}

async function countMatching(
  db: Knex,
  dialect: Dialect,
  filter: MessageFilter,
  search: TextSearch | null,
): Promise<number> {
  const { from, since, until } = filter;
  const byInstant = since !== undefined || until !== undefined;
  if (search !== null && from === undefined && !byInstant) {
    const total = search.by === 'index' ? search.total : await search.count?.();
    if (total !== null && total !== undefined) return total;
  }
  if (search !== null || (from !== undefined && byInstant)) {
    const row = (await matching(db, dialect, filter, search).count({ total: '*' }).first()) as
      { total: bigint } | undefined;
    return Number(row?.total ?? 0);
  }
  if (from !== undefined) return countOfSender(db, dialect, from);
  const upTo = until === undefined ? await countAll(db, dialect) : await countBefore(db, dialect, until);
  const before = since === undefined ? 0 : await countBefore(db, dialect, since);
  return Math.max(0, upTo - before); // `until` may lie before `since`
}

function matching(
  db: Knex,
  { readOn }: Dialect,
  { from, since, until }: Pick<MessageFilter, 'from'> & Partial<Bounds>,
  search: TextSearch | null,
): Knex.QueryBuilder {
  // SQLite keeps the order of a cross join: the few hits first, not the whole index that sorts the page.
  const query =
    search?.by === 'index'
      ? db.with('hits', search.hits).from('hits').joinRaw('cross join messages on messages.seq = hits.seq')
      : db('messages');
  if (readOn !== null && search?.by !== 'index') void query.where(db.raw(readOn));
  if (from !== undefined) void query.where('from_msisdn', from);
  if (since !== undefined) void query.where('sent_at', '>=', instantValue(since));
  if (until !== undefined) void query.where('sent_at', '<', instantValue(until));
  if (search?.by === 'condition') void query.where(search.condition);
  return query;
}
