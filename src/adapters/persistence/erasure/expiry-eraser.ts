import type { Knex } from 'knex';
import type { ErasureCursor, ErasureStep, StepwiseEraser } from '../../../application/ports/store.ts';
import type { ExpiryRule } from '../../../domain/erasure-rule.ts';
import type { ErasingDialect } from '../schema/dialect.ts';
import { FIRST, messagesStep, statusesStep } from './erasure-step.ts';

/** Erases expired messages of either database. `translate` maps the driver's errors to those of the port. */
export function expiryEraser(
  db: Knex,
  erasing: ErasingDialect,
  translate: <T>(work: () => Promise<T>) => Promise<T>,
): StepwiseEraser<ExpiryRule> {
  return { eraseNext: (rule, cursor) => translate(() => eraseExpired(db, erasing, rule, cursor ?? FIRST)) };
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
