import type { Knex } from 'knex';
import type { ErasureRule } from '../../../domain/erasure-rule.ts';
import { messageKey } from '../../../domain/message.ts';
import { marks } from '../schema/dialect.ts';

/** A condition on `messages`, with its bindings. */
export interface Condition {
  readonly sql: string;
  readonly bindings: readonly unknown[];
}

/** The part of a rule that the index by instant answers: it goes no further than that. */
export function withinReach(rule: ErasureRule): Condition {
  if (rule.of === 'person') return { sql: 'true', bindings: [] };
  const { before, keepSince } = rule;
  if (keepSince === null) return { sql: 'sent_at < ?', bindings: [before] };
  return {
    sql: 'sent_at < ? and (sent_at, message_id) < (?, ?)',
    bindings: [before, keepSince.sentAt, messageKey(keepSince)],
  };
}

/** The rest of the rule. */
export function isErasedWithinReach(rule: ErasureRule): Condition {
  if (rule.of === 'person') {
    return { sql: '(from_msisdn = ? or to_msisdn = ?)', bindings: [rule.number, rule.number] };
  }
  const exempt = rule.keepFrom.length === 0 ? '' : `and from_msisdn not in (${marks(rule.keepFrom)})`;
  return { sql: `coalesce(received_at, sent_at) < ? ${exempt}`, bindings: [rule.before, ...rule.keepFrom] };
}

/** The whole rule, as isErased in domain/erasure.ts has it. */
export function isErased(rule: ErasureRule): Condition {
  const [reach, rest] = [withinReach(rule), isErasedWithinReach(rule)];
  return { sql: `(${reach.sql} and ${rest.sql})`, bindings: [...reach.bindings, ...rest.bindings] };
}

export function where(query: Knex.QueryBuilder, { sql, bindings }: Condition): Knex.QueryBuilder {
  return query.whereRaw(sql, bindings as Knex.RawBinding[]);
}
