import type { Knex } from 'knex';
import type { ErasureCursor, ErasureStep, MessageEraser } from '../../../application/ports/store.ts';
import type { PersonRule } from '../../../domain/erasure-rule.ts';
import { fromMessageKey } from '../../../domain/message.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { countBefore } from '../counters/message-counters.ts';
import { rowsOf, type Dialect, type ErasingDialect } from '../schema/dialect.ts';
import { eraseBodiesNaming, eraseExcerpts, nextBodies, nextExcerpts } from './erase-remnants.ts';
import { erasureStep, FIRST, messagesStep, statusesStep } from './erasure-step.ts';
import { eraseExpired } from './expiry-eraser.ts';
import { keyNames, type IdNames } from './names-number.ts';
import { previewErasure } from './preview.ts';

/**
 * The eraser of either database. It finds what to erase without a lock, one page at a time, and checks it again in the transaction
 * that erases it.
 * @param translate maps the driver's errors to those of the port
 * @param idNames whether a message id contains a phone number, in the formats of all providers
 */
export function messageEraser(
  db: Knex,
  dialect: Dialect,
  erasing: ErasingDialect,
  { translate, idNames }: { readonly translate: <T>(work: () => Promise<T>) => Promise<T>; readonly idNames: IdNames },
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

    preview: (rule) => translate(() => previewErasure(db, dialect, erasing, rule, idNames)),

    eraseNext: (rule, cursor) =>
      translate(() =>
        rule.of === 'age'
          ? eraseExpired(db, erasing, rule, cursor ?? FIRST)
          : erasePerson(db, erasing, rule, cursor ?? FIRST, idNames),
      ),
  };
}

/** Reads one page and erases the person's part of it. */
async function erasePerson(
  db: Knex,
  erasing: ErasingDialect,
  rule: PersonRule,
  cursor: ErasureCursor,
  idNames: IdNames,
): Promise<ErasureStep | 'busy'> {
  const { number } = rule;
  switch (cursor.in) {
    case 'messages':
      return messagesStep(db, erasing, rule, cursor);
    case 'statuses': {
      const matches = keyNames(idNames, number);
      return statusesStep(db, erasing, rule, {
        after: cursor.after,
        matches,
        afterwards: { in: 'bodies', after: '0' },
      });
    }
    case 'bodies': {
      const { ids, next } = await nextBodies(db, erasing, number, cursor.after);
      const on: ErasureCursor = next === null ? { in: 'excerpts', after: '0' } : { in: 'bodies', after: next };
      return erasureStep(db, erasing, ids, on, async (transaction) => ({
        bodies: await eraseBodiesNaming(transaction, erasing, number, ids),
      }));
    }
    case 'excerpts': {
      const { ids, next } = await nextExcerpts(db, number, cursor.after);
      const on: ErasureCursor | null = next === null ? null : { in: 'excerpts', after: next };
      return erasureStep(db, erasing, ids, on, async (transaction) => ({
        excerpts: await eraseExcerpts(transaction, ids),
      }));
    }
  }
}
