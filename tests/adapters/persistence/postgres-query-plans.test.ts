import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { rowsOf } from '../../../src/adapters/persistence/dialect.ts';
import { backgroundStep, deriveNext } from '../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresMessageRepository } from '../../../src/adapters/persistence/postgres/message-repository.ts';
import type { MessageRepository } from '../../../src/application/ports.ts';
import { openTestPostgres } from '../../support/postgres.ts';
import { id, manyMessages, message, number } from './repository-fixtures.ts';

const ROWS = 20_000;

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

  /** The plans of the statements that a call sends to the database. */
  async function plansOf(call: () => Promise<unknown>): Promise<{ sql: string; plan: string }[]> {
    const sent: { sql: string; bindings?: unknown[] }[] = [];
    const listen = (query: { sql: string; bindings?: unknown[] }) => sent.push(query);
    db.on('query', listen);
    await call();
    db.off('query', listen);
    const plans = [];
    for (const { sql, bindings = [] } of sent.filter((query) => /^(select|with)/.test(query.sql))) {
      const lines = await rowsOf<{ 'QUERY PLAN': string }>(db, `explain ${sql.replaceAll(/\$\d+/g, '?')}`, bindings);
      plans.push({ sql, plan: lines.map((line) => line['QUERY PLAN']).join('\n') });
    }
    return plans;
  }

  it.each<[string, Parameters<MessageRepository['list']>, string]>([
    ['the first page', [{}, { offset: 0 }, 10], 'messages_by_instant'],
    ['the last page by offset', [{}, { offset: ROWS - 10 }, 10], 'messages_by_instant'],
    ['a page by position', [{}, { after: middle }, 10], 'messages_by_instant'],
    ['a page of a range', [{ since: first.sentAt, until: middle.sentAt }, { offset: 0 }, 10], 'messages_by_instant'],
    ['a page of a sender', [{ from: number('+100') }, { offset: 0 }, 10], 'messages_by_sender'],
    ['a page of a sender by position', [{ from: first.from }, { after: first }, 10], 'messages_by_sender'],
    ['a rare word', [{ contains: `text ${String(ROWS - 7)}` }, { offset: 0 }, 10], 'messages_by_trigram'],
  ])('for %s reads an index, and never all messages', async (_what, args, index) => {
    const plans = await plansOf(() => repository.list(...args));
    const page = plans.find(({ sql }) => sql.includes('order by "sent_at" asc, "message_id" asc'));
    expect(page?.plan).toContain(index);
    if (index !== 'messages_by_trigram') expect(page?.plan).not.toContain('Sort');
    for (const { plan } of plans) expect(plan).not.toContain('Seq Scan on messages');
  });

  it('for the tail finds no rows that were counted long ago', async () => {
    const step = backgroundStep(db);
    for (let round = 0; round < 20; round++) {
      await repository.add(manyMessages(500, `round${String(round)}-`));
      // Also when the last step finds nothing left.
      expect([await step(500), await step(500)]).toEqual([500, 0]);
    }
    const [size] = await rowsOf<{ bytes: bigint }>(db, "select pg_relation_size('uncounted') as bytes");
    expect(Number(size?.bytes)).toBeLessThan(100_000); // 10,000 rows took 600,000
  });

  it('for one message asks the primary key', async () => {
    const plans = await plansOf(() => repository.find(id('m7')));
    expect(plans.map(({ plan }) => plan)).toEqual([expect.stringContaining('Index Scan using messages_pkey')]);
  });

  it('for the statistics reads the ends of an index, the counters and the tail', async () => {
    for (const { plan } of await plansOf(() => repository.stats())) {
      expect(plan).not.toMatch(/Seq Scan on messages|Seq Scan on period_counts/);
    }
  });
});
