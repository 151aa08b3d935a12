import type { Knex } from 'knex';
import type { ErasureCursor, ErasureStep, ExpiryStore } from '../../../application/ports/store.ts';
import type { ExpiryRule } from '../../../domain/erasure-rule.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { countAll, countBefore } from '../counters/message-counters.ts';
import { rowOf, rowsOf, type Dialect, type ErasingDialect } from '../schema/dialect.ts';
import { countToErase } from './erase-messages.ts';
import { FIRST, messagesStep, statusesStep } from './erasure-step.ts';

/** Enough to see a gap, and read in some milliseconds. */
const LATEST_RECEIPTS = 1_000;

/** The connections and the SQL of one database. */
export interface ExpiryDatabase {
  readonly writes: Knex;
  readonly reads: Knex;
  readonly dialect: Dialect;
  readonly erasing: ErasingDialect;
  /** Maps the driver's errors to those of the port. */
  readonly translate: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Erases expired messages of either database. */
export function expiryEraser({ writes, reads, dialect, erasing, translate }: ExpiryDatabase): ExpiryStore {
  return {
    eraseNext: (rule, cursor) => translate(() => eraseExpired(writes, erasing, rule, cursor ?? FIRST)),

    serverTime: () =>
      translate(async () => {
        if (erasing.serverTime === null) return null;
        return timestampFromMicros((await rowOf<{ now: bigint }>(reads, erasing.serverTime)).now);
      }),

    outlook: ({ before }) =>
      translate(async () => {
        const latest = await rowsOf<{ at: bigint }>(
          reads,
          `${erasing.latestReceipts} limit ${String(LATEST_RECEIPTS)}`,
        );
        return {
          messages: await countAll(reads, dialect),
          reach: await countBefore(reads, dialect, before),
          latestReceipts: latest.map(({ at }) => timestampFromMicros(at)),
        };
      }),

    countNext: (rule, cursor) =>
      translate(async () => {
        const { count, next } = await countToErase(reads, rule, cursor?.in === 'messages' ? cursor.after : null);
        return { count, next: next === null ? null : { in: 'messages', after: next } };
      }),
  };
}

/** Reads one page and erases the expired part of it. */
export function eraseExpired(
  db: Knex,
  erasing: ErasingDialect,
  rule: ExpiryRule,
  cursor: ErasureCursor,
): Promise<ErasureStep | 'busy'> {
  if (cursor.in === 'messages') return messagesStep(db, erasing, rule, cursor);
  const { after } = cursor;
  return statusesStep(db, erasing, rule, { after, matches: () => true, afterwards: null });
}
