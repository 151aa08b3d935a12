import type { Knex } from 'knex';
import type { Erased, ErasureCursor, ErasureStep, MessageEraser } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { fromMessageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { rowsOf, type Dialect } from '../schema/dialect.ts';
import { countBefore } from '../counters/message-counters.ts';
import { eraseMessages, nextToErase } from './erase-messages.ts';
import { eraseBodiesNaming, forgetExcerpts, nextBodies, nextExcerpts } from './erase-mentions.ts';
import { eraseStrayStatuses, nextStrayStatuses } from './erase-statuses.ts';
import type { ErasingDialect } from './erasing-dialect.ts';
import { previewErasure } from './erasure-preview.ts';

const NOTHING = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };

/**
 * The eraser of either database. What is to go is looked for without a lock, a page at a time, and looked at once more in the
 * transaction that erases it. `translate` makes of the driver's errors what the port promises.
 */
export function messageEraser(
  db: Knex,
  dialect: Dialect,
  erasing: ErasingDialect,
  translate: <T>(work: () => Promise<T>) => Promise<T>,
): MessageEraser {
  return {
    newest: (messages) =>
      translate(async () => {
        const [row] = await rowsOf<{ sent_at: bigint; message_id: string }>(
          db,
          `select sent_at, message_id from (
             select sent_at, message_id from messages order by sent_at desc, message_id desc limit ?
           ) as latest order by sent_at, message_id limit 1`,
          [messages],
        );
        return row === undefined
          ? null
          : { ...fromMessageKey(row.message_id), sentAt: timestampFromMicros(row.sent_at) };
      }),

    reach: ({ before, keepSince }) =>
      translate(() =>
        countBefore(db, dialect, keepSince !== null && keepSince.sentAt < before ? keepSince.sentAt : before),
      ),

    preview: (rule) => translate(() => previewErasure(db, dialect, erasing, rule)),

    eraseNext: (rule, cursor) => translate(() => eraseNext(db, erasing, rule, cursor ?? FIRST)),
  };
}

const FIRST: ErasureCursor = { in: 'messages', after: null };

/** One page is looked through, and what is to go of it erased. Messages come first, then what is left without them. */
async function eraseNext(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  cursor: ErasureCursor,
): Promise<ErasureStep | 'busy'> {
  async function take(
    candidates: readonly string[],
    next: ErasureCursor | null,
    work: (transaction: Knex) => Promise<Partial<Erased>>,
  ): Promise<ErasureStep | 'busy'> {
    const erased = candidates.length === 0 ? NOTHING : await erasing.alone(db, work);
    return erased === 'busy' ? 'busy' : { ...NOTHING, ...erased, next };
  }

  if (cursor.in === 'messages') {
    const { keys, next: after } = await nextToErase(db, rule, cursor.after);
    const next: ErasureCursor = after === null ? { in: 'statuses', after: '' } : { in: 'messages', after };
    return take(keys, next, (transaction) => eraseMessages(transaction, erasing, rule, keys));
  }
  const onIn = (after: string | null, afterwards: ErasureCursor | null): ErasureCursor | null =>
    after === null ? afterwards : { in: cursor.in, after };

  if (rule.of === 'age' || cursor.in === 'statuses') {
    const { keys, next } = await nextStrayStatuses(db, rule, cursor.after);
    const afterwards: ErasureCursor | null = rule.of === 'age' ? null : { in: 'bodies', after: '0' };
    return take(keys, onIn(next, afterwards), async (transaction) => ({
      statuses: await eraseStrayStatuses(transaction, rule, keys),
    }));
  }
  const { number } = rule;
  if (cursor.in === 'bodies') {
    const { ids, next } = await nextBodies(db, erasing, number, cursor.after);
    return take(ids, onIn(next, { in: 'excerpts', after: '0' }), async (transaction) => ({
      bodies: await eraseBodiesNaming(transaction, erasing, number, ids),
    }));
  }
  const { ids, next } = await nextExcerpts(db, number, cursor.after);
  return take(ids, onIn(next, null), async (transaction) => ({ excerpts: await forgetExcerpts(transaction, ids) }));
}
