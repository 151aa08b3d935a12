import type { Knex } from 'knex';
import { foldCase } from '../../../../domain/text-folding.ts';
import { rowOf, type TextSearch } from '../../schema/dialect.ts';
import { findsKnownMessages, isIndexFault } from './index-probe.ts';
import { readOn } from './read-on.ts';
import { indexedSeq } from './search-index.ts';

/** Up to this many hits are fetched from the index and sorted. With more, scanning the messages in order fills a page sooner. */
const MAX_HITS = 20_000;
/** The index contains trigrams; a shorter needle has none. */
const MIN_INDEXED_LENGTH = 3;
/** SQLite's tokenizer maps the two noncharacters to the replacement character, so the index cannot distinguish the three. */
const ALIKE_IN_INDEX = /[\uFFFD-\uFFFF]/;
const ASCII = /^[\0-\x7f]*$/;

/**
 * Chooses the way by the number of hits. Call it in the snapshot that is then searched. A damaged index is not used, so the answer
 * is exact, only slower.
 */
export async function textSearch(db: Knex, needle: string): Promise<TextSearch> {
  const folded = foldCase(needle);
  // No stored text contains U+0000, and SQLite would read it as the end of the needle.
  if (folded.includes('\0')) return { by: 'index', ...listed(db, [NO_HITS]) };
  const condition = containsCondition(db, folded);
  const scan = { by: 'condition', condition, count: null } as const;
  if (Array.from(folded).length < MIN_INDEXED_LENGTH || ALIKE_IN_INDEX.test(folded)) return scan;
  try {
    return (await findsKnownMessages(db))
      ? await searchIndex(db, `"${folded.replaceAll('"', '""')}"`, condition)
      : scan;
  } catch (error) {
    if (!isIndexFault(error)) throw error;
    return scan;
  }
}

async function searchIndex(db: Knex, phrase: string, condition: Knex.Raw): Promise<TextSearch> {
  const progress = await indexedSeq(db);
  const inIndex = `from message_search where message_search match ? and ${readOn('rowid')}`;
  const notIndexed = `from messages where ${readOn('seq')} and seq > ? and ?`;
  const indexed = await hitsOf(db, `select rowid as seq ${inIndex}`, [phrase], MAX_HITS + 1);
  const rest = MAX_HITS + 1 - indexed.total;
  const late = rest > 0 ? await hitsOf(db, `select seq ${notIndexed}`, [progress, condition], rest) : NO_HITS;
  if (indexed.total + late.total <= MAX_HITS) return { by: 'index', ...listed(db, [indexed, late]) };
  return {
    by: 'condition',
    condition,
    async count() {
      try {
        const { total } = await rowOf<{ total: bigint }>(
          db,
          `select (select count(*) ${inIndex}) + (select count(*) ${notIndexed}) as total`,
          [phrase, progress, condition],
        );
        return Number(total);
      } catch (error) {
        if (!isIndexFault(error)) throw error;
        return null;
      }
    },
  };
}

interface Hits {
  /** The `seq` of each, as a JSON array. */
  readonly list: string;
  readonly total: number;
}

const NO_HITS: Hits = { list: '[]', total: 0 };

async function hitsOf(db: Knex, sql: string, bindings: readonly unknown[], limit: number): Promise<Hits> {
  const { list, total } = await rowOf<{ list: string; total: bigint }>(
    db,
    `select json_group_array(seq) as list, count(*) as total from (${sql} limit ?)`,
    [...bindings, limit],
  );
  return { list, total: Number(total) };
}

function listed(db: Knex, hits: readonly Hits[]): { hits: Knex.Raw; total: number } {
  const each = hits.map(() => 'select value as seq from json_each(?)').join(' union all ');
  return {
    hits: db.raw(
      each,
      hits.map(({ list }) => list),
    ),
    total: hits.reduce((sum, { total }) => sum + total, 0),
  };
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
