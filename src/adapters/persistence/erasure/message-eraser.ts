import type { Knex } from 'knex';
import type { Erased, ErasureCursor, ErasureStep, MessageEraser } from '../../../application/ports/store.ts';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { fromMessageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { countBefore } from '../counters/message-counters.ts';
import { rowsOf, type Dialect, type ErasingDialect } from '../schema/dialect.ts';
import { eraseMessages, nextToErase } from './erase-messages.ts';
import {
  eraseBodiesNaming,
  eraseExcerpts,
  eraseStrayStatuses,
  nextBodies,
  nextExcerpts,
  nextStrayStatuses,
} from './erase-remnants.ts';
import { previewErasure } from './preview.ts';

const NOTHING = { messages: 0, statuses: 0, bodies: 0, bereft: 0, excerpts: 0 };

/**
 * The eraser of either database. It looks for candidates without a lock, one page at a time, and checks each again in the
 * transaction that erases it. `translate` turns the driver's errors into the errors of the port.
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

/** Examines one page and erases its matches. Messages come first, then the remnants that belong to no stored message. */
async function eraseNext(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  cursor: ErasureCursor,
): Promise<ErasureStep | 'busy'> {
  async function step(
    candidates: readonly string[],
    next: ErasureCursor | null,
    work: (transaction: Knex) => Promise<Partial<Erased>>,
  ): Promise<ErasureStep | 'busy'> {
    const erased = candidates.length === 0 ? NOTHING : await erasing.exclusively(db, work);
    return erased === 'busy' ? 'busy' : { ...NOTHING, ...erased, next };
  }

  if (cursor.in === 'messages') {
    const { keys, next: after } = await nextToErase(db, rule, cursor.after);
    const next: ErasureCursor = after === null ? { in: 'statuses', after: '' } : { in: 'messages', after };
    return step(keys, next, (transaction) => eraseMessages(transaction, erasing, rule, keys));
  }
  const continued = (after: string | null, afterwards: ErasureCursor | null): ErasureCursor | null =>
    after === null ? afterwards : { in: cursor.in, after };

  if (rule.of === 'age' || cursor.in === 'statuses') {
    const { ids, next } = await nextStrayStatuses(db, rule, cursor.after);
    const afterwards: ErasureCursor | null = rule.of === 'age' ? null : { in: 'bodies', after: '0' };
    return step(ids, continued(next, afterwards), async (transaction) => ({
      statuses: await eraseStrayStatuses(transaction, rule, ids),
    }));
  }
  const { number } = rule;
  if (cursor.in === 'bodies') {
    const { ids, next } = await nextBodies(db, erasing, number, cursor.after);
    return step(ids, continued(next, { in: 'excerpts', after: '0' }), async (transaction) => ({
      bodies: await eraseBodiesNaming(transaction, erasing, number, ids),
    }));
  }
  const { ids, next } = await nextExcerpts(db, number, cursor.after);
  return step(ids, continued(next, null), async (transaction) => ({ excerpts: await eraseExcerpts(transaction, ids) }));
}
