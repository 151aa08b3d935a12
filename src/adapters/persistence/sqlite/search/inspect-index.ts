import type { Knex } from 'knex';
import type { IndexInspection } from '../../../../application/ports/maintenance.ts';
import { driverMessage, rowOf } from '../../schema/dialect.ts';
import { findsKnownMessages, isIndexFault } from './index-probe.ts';
import { indexedSeq } from './search-index.ts';

/** Messages that are looked up in the index: about a second on a slow disk, however many there are. */
const SAMPLE = 500;

/**
 * Compares the search index with the messages: the number of texts, and whether the index finds some of them. FTS5's own check
 * compares nothing with the messages, so it accepts an index that lost all of its entries.
 * @param structure the fault that FTS5's check has found; null if there is none
 */
export async function inspectIndex(db: Knex, structure: string | null): Promise<IndexInspection> {
  try {
    const progress = await indexedSeq(db);
    const { texts, indexed } = await rowOf<{ texts: number | bigint; indexed: number | bigint }>(
      db,
      `select (select count(*) from messages where seq <= ? and text is not null) as texts,
              (select count(*) from message_search_docsize) as indexed`,
      [progress],
    );
    const checked = `has ${String(indexed)} texts, and finds those of ${String(SAMPLE)} random messages`;
    if (structure !== null) return { damage: structure, checked };
    if (Number(texts) !== Number(indexed)) {
      return { damage: `it has ${String(indexed)} texts, the messages have ${String(texts)}`, checked };
    }
    if (!(await findsKnownMessages(db, SAMPLE))) return { damage: 'it does not find stored messages', checked };
    return { damage: null, checked };
  } catch (error) {
    if (!isIndexFault(error)) throw error;
    return { damage: structure ?? driverMessage(error), checked: 'cannot be read' };
  }
}
