import type { Knex } from 'knex';
import type { ErasureCursor, ErasureStep, MessageEraser } from '../../application/message-eraser.ts';
import type { ErasureRule, PersonRule } from '../../domain/erasure.ts';
import { fromMessageKey } from '../../domain/message.ts';
import { timestampFromMicros } from '../../domain/timestamp.ts';
import { rowsOf, type Dialect } from './dialect.ts';
import { countBefore } from './message-counters.ts';
import { eraseMessages, nextToErase, type Place } from './erase-messages.ts';
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

function eraseNext(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  cursor: ErasureCursor,
): Promise<ErasureStep | 'busy'> {
  if (cursor.in === 'messages') return messagesStep(db, erasing, rule, cursor.after as Place | null);
  const after = cursor.after as string;
  if (rule.of === 'age' || cursor.in === 'statuses') return statusesStep(db, erasing, rule, after);
  return cursor.in === 'bodies' ? bodiesStep(db, erasing, rule, after) : excerptsStep(db, erasing, rule, after);
}

async function messagesStep(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  after: Place | null,
): Promise<ErasureStep | 'busy'> {
  const { keys, next } = await nextToErase(db, rule, after);
  const erased =
    keys.length === 0
      ? NOTHING
      : await erasing.alone(db, (transaction) => eraseMessages(transaction, erasing, rule, keys));
  if (erased === 'busy') return 'busy';
  return {
    ...NOTHING,
    ...erased,
    next: next === null ? { in: 'statuses', after: '' } : { in: 'messages', after: next },
  };
}

async function statusesStep(
  db: Knex,
  erasing: ErasingDialect,
  rule: ErasureRule,
  after: string,
): Promise<ErasureStep | 'busy'> {
  const { keys, next } = await nextStrayStatuses(db, rule, after);
  const statuses =
    keys.length === 0 ? 0 : await erasing.alone(db, (transaction) => eraseStrayStatuses(transaction, rule, keys));
  if (statuses === 'busy') return 'busy';
  const afterwards: ErasureCursor | null = rule.of === 'age' ? null : { in: 'bodies', after: '0' };
  return { ...NOTHING, statuses, next: next === null ? afterwards : { in: 'statuses', after: next } };
}

async function bodiesStep(
  db: Knex,
  erasing: ErasingDialect,
  { number }: PersonRule,
  after: string,
): Promise<ErasureStep | 'busy'> {
  const { ids, next } = await nextBodies(db, erasing, number, after);
  const bodies =
    ids.length === 0
      ? 0
      : await erasing.alone(db, (transaction) => eraseBodiesNaming(transaction, erasing, number, ids));
  if (bodies === 'busy') return 'busy';
  return { ...NOTHING, bodies, next: next === null ? { in: 'excerpts', after: '0' } : { in: 'bodies', after: next } };
}

async function excerptsStep(
  db: Knex,
  erasing: ErasingDialect,
  { number }: PersonRule,
  after: string,
): Promise<ErasureStep | 'busy'> {
  const { ids, next } = await nextExcerpts(db, number, after);
  const excerpts = ids.length === 0 ? 0 : await erasing.alone(db, (transaction) => forgetExcerpts(transaction, ids));
  if (excerpts === 'busy') return 'busy';
  return { ...NOTHING, excerpts, next: next === null ? null : { in: 'excerpts', after: next } };
}
