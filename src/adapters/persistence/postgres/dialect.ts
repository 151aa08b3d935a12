import type { Knex } from 'knex';
import { foldCase } from '../../../domain/text-folding.ts';
import type { Dialect, TextSearch } from '../schema/dialect.ts';
import { COUNTING_LOCK } from './derived-data.ts';

export const postgresDialect: Dialect = {
  tail: 'uncounted as tail',
  // The first lock waits for whoever is counting, or both might wait for rows that the other has deleted; the second for
  // whoever is storing: what they noted is counted with the rest.
  forgetTail: [
    `select pg_advisory_xact_lock(${COUNTING_LOCK.join(', ')})`,
    'lock table messages in share mode',
    'delete from uncounted',
  ],
  textSearch: (db, needle) => Promise.resolve(textSearch(db, needle)),
};

/**
 * The texts are stored folded by the domain, too, under a trigram index: `like` on them is the domain's definition, and the
 * planner decides whether the index helps.
 */
function textSearch(db: Knex, needle: string): TextSearch {
  const folded = foldCase(needle);
  // U+0000 is in no stored text, and PostgreSQL takes none.
  if (folded.includes('\0')) return { by: 'condition', condition: db.raw('false'), count: null };
  const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`;
  return { by: 'condition', condition: db.raw('folded like ?', [pattern]), count: null };
}
