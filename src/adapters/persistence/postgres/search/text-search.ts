import type { Knex } from 'knex';
import { foldCase } from '../../../../domain/text-folding.ts';
import type { TextSearch } from '../../schema/dialect.ts';

/**
 * Searches the folded texts with `like`. The domain folds both texts and needle, so this matches its definition of "contains". The
 * texts have a trigram index, and the planner decides whether to use it.
 */
export function textSearch(db: Knex, needle: string): Promise<TextSearch> {
  return Promise.resolve({ by: 'condition', condition: condition(db, foldCase(needle)), count: null });
}

function condition(db: Knex, folded: string): Knex.Raw {
  // No stored text contains U+0000, and PostgreSQL does not accept it.
  if (folded.includes('\0')) return db.raw('false');
  return db.raw('folded like ?', [`%${folded.replace(/[\\%_]/g, '\\$&')}%`]);
}
