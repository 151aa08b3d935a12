import type { Knex } from 'knex';
import type { ErasurePreview } from '../../../application/ports/store.ts';
import type { ErasureRule, PersonRule } from '../../../domain/erasure-rule.ts';
import { timestampFromMicros } from '../../../domain/timestamp.ts';
import { countAll } from '../counters/message-counters.ts';
import { rowOf, rowsOf, type Dialect, type ErasingDialect } from '../schema/dialect.ts';
import { isErased } from './erase-messages.ts';
import { nextBodies, nextExcerpts, nextStrayStatuses, type Remnants } from './erase-remnants.ts';
import { keyNames, namesNumber, type IdNames } from './names-number.ts';

/** Counts what the rule would erase now. */
export async function previewErasure(
  db: Knex,
  dialect: Dialect,
  erasing: ErasingDialect,
  rule: ErasureRule,
  idNames: IdNames,
): Promise<ErasurePreview> {
  const matches = rule.of === 'age' ? () => true : keyNames(idNames, rule.number);
  const strayStatuses = async (after: string): Promise<Remnants> => {
    const { ids, next } = await nextStrayStatuses(db, rule, after);
    return { ids: ids.filter(matches), next };
  };
  const goes = isErased(rule);
  const { messages, first, last, statuses } = await rowOf<{
    messages: bigint;
    first: bigint | null;
    last: bigint | null;
    statuses: bigint;
  }>(
    db,
    `with gone as (select message_id, sent_at from messages where ${goes.sql})
     select (select count(*) from gone) as messages, (select min(sent_at) from gone) as first,
            (select max(sent_at) from gone) as last,
            (select count(*) from message_statuses where message_id in (select message_id from gone)) as statuses`,
    goes.bindings,
  );
  const shared = `payload in (select payload from messages where ${goes.sql} and payload is not null) and not ${goes.sql}`;
  const { bodies, kept, bereft } = await rowOf<{ bodies: bigint; kept: bigint; bereft: bigint }>(
    db,
    `select (select count(distinct payload) from messages where ${goes.sql}) as bodies,
            (select count(distinct payload) from messages where ${shared}) as kept,
            (select count(*) from messages where ${shared}) as bereft`,
    Array.from({ length: 5 }, () => goes.bindings).flat(),
  );
  const byAge = rule.of === 'age';
  const counts = {
    total: await countAll(db, dialect),
    messages: Number(messages),
    firstAt: first === null ? null : timestampFromMicros(first),
    lastAt: last === null ? null : timestampFromMicros(last),
    bereft: byAge ? 0 : Number(bereft),
    statuses: Number(statuses) + (await countPages(strayStatuses, '')),
  };
  if (rule.of === 'age') {
    return {
      ...counts,
      bodies: Number(bodies) - Number(kept),
      excerpts: 0,
      fromPerson: 0,
      toPerson: 0,
      mentions: 0,
    };
  }
  return {
    ...counts,
    bodies: Number(bodies) + (await countPages((after) => nextBodies(db, erasing, rule.number, after), '0')),
    excerpts: await countPages((after) => nextExcerpts(db, rule.number, after), '0'),
    ...(await ofPerson(db, rule)),
  };
}

async function ofPerson(
  db: Knex,
  { number }: PersonRule,
): Promise<Pick<ErasurePreview, 'fromPerson' | 'toPerson' | 'mentions'>> {
  const { sent, got } = await rowOf<{ sent: bigint; got: bigint }>(
    db,
    `select (select count(*) from messages where from_msisdn = ?) as sent,
            (select count(*) from messages where to_msisdn = ?) as got`,
    [number, number],
  );
  const candidates = await rowsOf<{ text: string }>(
    db,
    'select text from messages where text like ? and from_msisdn <> ? and to_msisdn <> ?',
    [`%${number.slice(1)}%`, number, number],
  );
  const mentions = candidates.filter(({ text }) => namesNumber(text, number)).length;
  return { fromPerson: Number(sent), toPerson: Number(got), mentions };
}

async function countPages(page: (after: string) => Promise<Remnants>, first: string): Promise<number> {
  let count = 0;
  for (let after: string | null = first; after !== null;) {
    const { ids, next }: Remnants = await page(after);
    count += ids.length;
    after = next;
  }
  return count;
}
