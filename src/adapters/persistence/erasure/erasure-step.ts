import type { Knex } from 'knex';
import type { Erased, ErasureCursor, ErasureStep } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import type { ErasingDialect } from '../schema/dialect.ts';
import { eraseMessages, nextToErase } from './erase-messages.ts';
import { eraseStrayStatuses, nextStrayStatuses } from './erase-remnants.ts';

const NOTHING = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };

/** Where erasing starts: messages come first, then what remains without them. */
export const FIRST: ErasureCursor = { in: 'messages', after: null };

/** Runs `work` exclusively in one transaction, unless there are no candidates, and returns the step. */
export async function erasureStep(
  db: Knex,
  erasing: ErasingDialect,
  candidates: readonly string[],
  next: ErasureCursor | null,
  work: (transaction: Knex) => Promise<Partial<Erased>>,
): Promise<ErasureStep | 'busy'> {
  const erased = candidates.length === 0 ? NOTHING : await erasing.exclusively(db, work);
  return erased === 'busy' ? 'busy' : { ...NOTHING, ...erased, next };
}

/** Erases the messages of one page. */
export async function messagesStep(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  cursor: ErasureCursor & { readonly in: 'messages' },
): Promise<ErasureStep | 'busy'> {
  const { keys, next: after } = await nextToErase(db, rule, cursor.after);
  const next: ErasureCursor = after === null ? { in: 'statuses', after: '' } : { in: 'messages', after };
  return erasureStep(db, erasing, keys, next, (transaction) => eraseMessages(transaction, erasing, rule, keys));
}

/** Erases the statuses of one page that belong to no stored message; `afterwards` follows the last page. */
export async function statusesStep(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  {
    after,
    matches,
    afterwards,
  }: {
    readonly after: string;
    readonly matches: (key: string) => boolean;
    readonly afterwards: ErasureCursor | null;
  },
): Promise<ErasureStep | 'busy'> {
  const { ids, next: end } = await nextStrayStatuses(db, rule, after);
  const keys = ids.filter(matches);
  const next: ErasureCursor | null = end === null ? afterwards : { in: 'statuses', after: end };
  return erasureStep(db, erasing, keys, next, async (transaction) => ({
    statuses: await eraseStrayStatuses(transaction, rule, keys),
  }));
}
