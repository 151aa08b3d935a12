import type { Knex } from 'knex';
import { foldCase } from '../../../../domain/text-folding.ts';
import type { TextSearch } from '../../schema/dialect.ts';
import { indexedSeq } from './search-index.ts';

/** Up to this many hits are fetched once and used for both the total and the page. Most searches have fewer. */
const FEW_HITS = 1_000;
/** Up to this many hits are fetched from the index and sorted. With more, scanning the messages in order fills a page sooner. */
const MAX_HITS = 20_000;
/** The index contains trigrams; a shorter needle has none. */
const MIN_INDEXED_LENGTH = 3;
/** SQLite's tokenizer maps the two noncharacters to the replacement character, so the index cannot distinguish the three. */
const ALIKE_IN_INDEX = /[\uFFFD-\uFFFF]/;
const ASCII = /^[\0-\x7f]*$/;

/** Chooses the way by the number of hits. Call it in the snapshot that is then searched. */
export async function textSearch(db: Knex, needle: string): Promise<TextSearch> {
  const folded = foldCase(needle);
  // No stored text contains U+0000, and SQLite would read it as the end of the needle.
  if (folded.includes('\0')) return { by: 'index', ...listed(db, []) };
  const condition = containsCondition(db, folded);
  if (Array.from(folded).length < MIN_INDEXED_LENGTH || ALIKE_IN_INDEX.test(folded)) {
    return { by: 'condition', condition, count: null };
  }
  const phrase = `"${folded.replaceAll('"', '""')}"`;
  const progress = await indexedSeq(db);
  const indexed = await db.raw<Hit[]>('select rowid as seq from message_search where message_search match ? limit ?', [
    phrase,
    FEW_HITS + 1,
  ]);
  if (indexed.length <= FEW_HITS) {
    const unindexed = await db.raw<Hit[]>('select seq from messages where seq > ? and ? limit ?', [
      progress,
      condition,
      FEW_HITS + 1,
    ]);
    if (unindexed.length <= FEW_HITS) return { by: 'index', ...listed(db, [...indexed, ...unindexed]) };
  }
  const [found] = await db.raw<{ hits: bigint }[]>(
    'select count(*) as hits from (select 1 from message_search where message_search match ? limit ?)',
    [phrase, MAX_HITS + 1],
  );
  if (Number(found?.hits ?? 0) > MAX_HITS) {
    const count = db.raw(
      `select (select count(*) from message_search where message_search match ?) +
              (select count(*) from messages where seq > ? and ?) as total`,
      [phrase, progress, condition],
    );
    return { by: 'condition', condition, count };
  }
  const hits = db.raw(
    `select rowid as seq from message_search where message_search match ?
     union all select seq from messages where seq > ? and ?`,
    [phrase, progress, condition],
  );
  return { by: 'index', hits, total: null };
}

interface Hit {
  readonly seq: bigint;
}

function listed(db: Knex, hits: readonly Hit[]): { hits: Knex.Raw; total: number } {
  const list = JSON.stringify(hits.map(({ seq }) => Number(seq)));
  return { hits: db.raw('select value as seq from json_each(?)', [list]), total: hits.length };
}

/**
 * SQLite's LIKE ignores the case of ASCII letters, which suffices for ASCII texts. Only other texts, which have more bytes than
 * characters, need the domain's function, which is about ten times slower.
 */
function containsCondition(db: Knex, folded: string): Knex.Raw {
  const beyondAscii = db.raw('(octet_length(text) > length(text) and contains_folded(text, ?))', [folded]);
  if (!ASCII.test(folded)) return beyondAscii;
  const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`;
  return db.raw("(text like ? escape '\\' or ?)", [pattern, beyondAscii]);
}
