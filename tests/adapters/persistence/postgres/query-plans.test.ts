import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { rowsOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { nextStrayStatuses } from '../../../../src/adapters/persistence/erasure/erase-remnants.ts';
import { backgroundStep, deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Order } from '../../../../src/domain/message.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { id, manyMessages, message, micros, number } from '../contract/repository-fixtures.ts';

const ROWS = 20_000;

/** Returns the plans of the statements that a call sends to the database. */
async function plansIn(
  db: Knex,
  call: () => Promise<unknown>,
  explain = 'explain',
): Promise<{ sql: string; plan: string }[]> {
  const sent: { sql: string; bindings?: unknown[] }[] = [];
  const listen = (query: { sql: string; bindings?: unknown[] }) => sent.push(query);
  db.on('query', listen);
  await call();
  db.off('query', listen);
  const plans = [];
  for (const { sql, bindings = [] } of sent.filter((query) => /^(select|with)/.test(query.sql))) {
    const lines = await rowsOf<{ 'QUERY PLAN': string }>(db, `${explain} ${sql.replaceAll(/\$\d+/g, '?')}`, bindings);
    plans.push({ sql, plan: lines.map((line) => line['QUERY PLAN']).join('\n') });
  }
  return plans;
}

describe('A query to PostgreSQL', () => {
  let db: Knex;
  let close: () => Promise<void>;
  let repository: MessageRepository;
  const stored = manyMessages(ROWS);
  const [first, middle] = [stored[0] ?? message('none'), stored[ROWS / 2] ?? message('none')];
  beforeAll(async () => {
    ({ db, close } = await openTestPostgres());
    repository = postgresMessageRepository(db, db);
    for (let i = 0; i < ROWS; i += 5_000) await repository.add(stored.slice(i, i + 5_000));
    while ((await deriveNext(db, 5_000)) > 0);
    await db.raw('vacuum analyze');
  });
  afterAll(() => close());

  const plansOf = (call: () => Promise<unknown>, explain?: string) => plansIn(db, call, explain);

  it.each<[string, Parameters<MessageRepository['list']>, string]>([
    ['the first page', [{}, { offset: 0 }, 10], 'messages_by_instant'],
    ['the last page by offset', [{}, { offset: ROWS - 10 }, 10], 'messages_by_instant'],
    ['a page by position', [{}, { after: middle }, 10], 'messages_by_instant'],
    ['a page of a range', [{ since: first.sentAt, until: middle.sentAt }, { offset: 0 }, 10], 'messages_by_instant'],
    ['a page of a range by position', [{ since: first.sentAt }, { after: middle }, 10], 'messages_by_instant'],
    ['a page of a range by offset', [{ since: middle.sentAt }, { offset: 5_000 }, 10], 'messages_by_instant'],
    [
      'a page of a range of a sender',
      [{ from: first.from, since: middle.sentAt }, { offset: 0 }, 5],
      'messages_by_sender',
    ],
    ['a page of a sender', [{ from: number('+100') }, { offset: 0 }, 10], 'messages_by_sender'],
    ['a page of a sender by position', [{ from: first.from }, { after: first }, 10], 'messages_by_sender'],
    ['the newest', [{}, { offset: 0 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest by offset', [{}, { offset: 5_000 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest by position', [{}, { after: middle }, 10, 'desc'], 'messages_by_instant'],
    [
      'the newest of a range by offset',
      [{ since: first.sentAt, until: middle.sentAt }, { offset: 5_000 }, 10, 'desc'],
      'messages_by_instant',
    ],
    ['the newest of a sender', [{ from: number('+100') }, { offset: 2 }, 10, 'desc'], 'messages_by_sender'],
    ['the newest of a sender by position', [{ from: first.from }, { after: middle }, 10, 'desc'], 'messages_by_sender'],
    ['a rare word', [{ contains: `text ${String(ROWS - 7)}` }, { offset: 0 }, 10], 'messages_by_trigram'],
  ])('for %s reads an index, and never all messages', async (_what, args, index) => {
    const plans = await plansOf(() => repository.list(...args));
    const page = plans.find(({ sql }) => /order by "sent_at" (asc|desc), "message_id" \1/.test(sql));
    expect(page?.plan).toContain(index);
    if (index !== 'messages_by_trigram') expect(page?.plan).not.toContain('Sort');
    for (const { plan } of plans) expect(plan).not.toContain('Seq Scan on messages');
  });

  it.each<[number, Order]>([
    [0, 'asc'],
    [5_000, 'asc'],
    [ROWS - 11, 'asc'],
    [0, 'desc'],
    [5_000, 'desc'],
    [ROWS - 11, 'desc'],
  ])('skips no more than a minute of messages for offset %d, %s', async (offset, order) => {
    const explain = 'explain (analyze, costs off, timing off)';
    const plans = await plansOf(() => repository.list({}, { offset }, 10, order), explain);
    const page = plans.find(({ sql }) => /order by "sent_at" (asc|desc), "message_id" \1/.test(sql));
    const read = /messages_by_instant.*rows=(\d+)/.exec(page?.plan ?? '')?.[1];
    expect(Number(read)).toBeGreaterThan(10);
    expect(Number(read)).toBeLessThan(11 + 10); // one in 7.8 s
  });

  it('for totals counts no messages but those of a minute', async () => {
    const range = { since: first.sentAt, until: middle.sentAt };
    const plans = await plansOf(() => repository.list(range, { offset: 0 }, 10));
    const counting = plans.filter(({ sql }) => /count\(\*\).*from "messages"/.test(sql));
    expect(counting).toHaveLength(2); // for each end
    for (const { plan } of counting) {
      expect(plan).toMatch(/Index Only Scan using messages_by_instant/);
      expect(plan).toMatch(/Index Cond: \(\(sent_at >= .* AND \(sent_at < /);
    }
    for (const filter of [{}, { from: first.from }]) {
      const counts = (await plansOf(() => repository.list(filter, { offset: 0 }, 10))).slice(0, -1);
      expect(counts).not.toHaveLength(0);
      for (const { plan } of counts) expect(plan).not.toMatch(/ on messages/);
    }
  });

  it('for one message reads the primary key', async () => {
    const plans = await plansOf(() => repository.find(id('m7')));
    expect(plans.map(({ plan }) => plan)).toEqual([expect.stringContaining('Index Scan using messages_pkey')]);
  });

  it('for the statistics reads the ends of an index, the counters and the uncounted backlog', async () => {
    for (const { plan } of await plansOf(() => repository.stats())) {
      expect(plan).not.toMatch(/Seq Scan on messages|Seq Scan on period_counts/);
    }
  });

  it('for a time series reads counters, and no messages but those of a minute', async () => {
    const range = { since: first.sentAt, until: middle.sentAt };
    for (const bucket of ['minute', 'hour', 'day'] as const) {
      const plans = await plansOf(() => repository.timeseries(range, bucket));
      expect(plans.length).toBeGreaterThan(0);
      for (const { plan } of plans.filter(({ plan: one }) => one.includes(' on messages'))) {
        expect(plan).toMatch(/Index Only Scan using messages_by_instant/);
        expect(plan).toMatch(/Index Cond: \(\(sent_at >= .* AND \(sent_at < /);
      }
    }
  });

  it('for a time series of a sender reads the index by sender within the range', async () => {
    const range = { since: first.sentAt, until: middle.sentAt };
    const plans = await plansOf(() => repository.timeseries(range, 'hour', first.from));
    expect(plans.map(({ plan }) => plan)).toEqual([
      expect.stringMatching(/messages_by_sender.*\n.*Index Cond: \(\(from_msisdn = .*sent_at >= .*sent_at < /),
    ]);
  });

  it('for messages after a stream position reads the index by arrival from there', async () => {
    const place = await repository.feedEnd();
    const plans = await plansOf(() => repository.readFeed({ ...place, at: place.at - 1n }, 10));
    expect(plans.map(({ plan }) => plan)).toEqual([
      expect.stringMatching(/messages_by_arrival.*\n.*Index Cond: .*arrived < .*arrived >= /),
    ]);
  });

  it('for the uncounted backlog finds no rows that were counted long ago', async () => {
    const step = backgroundStep(db);
    for (let round = 0; round < 20; round++) {
      await repository.add(manyMessages(500, `round${String(round)}-`));
      // Even if the last step finds nothing.
      expect([await step(500), await step(500)]).toEqual([500, 0]);
    }
    const [size] = await rowsOf<{ bytes: bigint }>(db, "select pg_relation_size('uncounted') as bytes");
    expect(Number(size?.bytes)).toBeLessThan(100_000); // 10,000 rows took 600,000
  });
});

describe('A step of erasing in PostgreSQL', () => {
  it('for stray statuses reads the messages of one page, never all', async () => {
    const { db, close } = await openTestPostgres();
    try {
      const each = 'from generate_series(1, 60000) as each (i)';
      await db.raw(
        `insert into messages (message_id, from_msisdn, to_msisdn, sent_at) select 'm' || i, '+1', '+2', i ${each}`,
      );
      await db.raw(`insert into message_statuses select 's' || i, 'read', 6, i ${each}`);
      await db.raw('vacuum analyze');
      const before = micros(1_000);
      const rule = { of: 'age' as const, before, keepFrom: [], keepSince: null };
      const plans = await plansIn(db, () => nextStrayStatuses(db, rule, 's1'));
      expect(plans.map(({ plan }) => plan)).toEqual([expect.stringContaining('messages_pkey')]);
      for (const { plan } of plans) expect(plan).not.toContain('Seq Scan');
    } finally {
      await close();
    }
  });
});
