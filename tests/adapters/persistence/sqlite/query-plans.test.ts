import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { nextToErase } from '../../../../src/adapters/persistence/erasure/erase-messages.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/sqlite.ts';
import { id, manyMessages, message, micros, number } from '../contract/repository-fixtures.ts';

/** Returns SQLite's plans of the statements that a call sends to the database. */
async function plansIn(db: Knex, call: () => Promise<unknown>): Promise<{ sql: string; plan: string }[]> {
  const sent: { sql: string; bindings?: Knex.RawBinding[] }[] = [];
  const listen = (query: { sql: string; bindings?: Knex.RawBinding[] }) => sent.push(query);
  db.on('query', listen);
  await call();
  db.off('query', listen);
  const plans = [];
  for (const { sql, bindings = [] } of sent.filter((query) => query.sql.startsWith('select'))) {
    const steps = await db.raw<{ detail: string }[]>(`explain query plan ${sql}`, bindings);
    plans.push({ sql, plan: steps.map(({ detail }) => detail).join('; ') });
  }
  return plans;
}

describe('A query', () => {
  let database: TestDatabase;
  let repository: MessageRepository;
  const stored = manyMessages(500);
  const [first = message('none'), middle = message('none')] = [stored[0], stored[250]];
  const range = { since: first.sentAt, until: middle.sentAt };
  beforeAll(async () => {
    database = await openTestDatabase();
    repository = sqliteMessageRepository(database.db);
    await repository.add(stored);
  });
  afterAll(() => database.close());

  const plansOf = (call: () => Promise<unknown>) => plansIn(database.db, call);

  it.each<[string, Parameters<MessageRepository['list']>, string]>([
    ['the first page', [{}, { offset: 0 }, 10], 'messages_by_instant'],
    ['a page by offset', [{}, { offset: 300 }, 10], 'messages_by_instant'],
    ['a page by position', [{}, { after: middle }, 10], 'messages_by_instant'],
    ['a page of a range', [range, { offset: 0 }, 10], 'messages_by_instant'],
    ['a page of a range by position', [range, { after: first }, 10], 'messages_by_instant'],
    ['a page of a sender', [{ from: number('+100') }, { offset: 0 }, 10], 'messages_by_sender'],
    ['a page of a sender by position', [{ from: first.from }, { after: first }, 10], 'messages_by_sender'],
    ['a page of a sender and a range', [{ from: first.from, ...range }, { offset: 0 }, 10], 'messages_by_sender'],
    [
      'a page of a sender and a range by position',
      [{ from: first.from, ...range }, { after: first }, 10],
      'messages_by_sender',
    ],
    ['the newest', [{}, { offset: 0 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest by offset', [{}, { offset: 300 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest by position', [{}, { after: middle }, 10, 'desc'], 'messages_by_instant'],
    ['the newest of a range', [range, { offset: 0 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest of a range by offset', [range, { offset: 100 }, 10, 'desc'], 'messages_by_instant'],
    ['the newest of a range by position', [range, { after: stored[100] ?? middle }, 10, 'desc'], 'messages_by_instant'],
    ['the newest of a sender', [{ from: number('+100') }, { offset: 2 }, 10, 'desc'], 'messages_by_sender'],
    ['the newest of a sender by position', [{ from: first.from }, { after: middle }, 10, 'desc'], 'messages_by_sender'],
  ])('for %s reads one index in order, sorts nothing and scans no table', async (_what, args, index) => {
    const plans = await plansOf(() => repository.list(...args));
    const pages = plans.filter(({ sql }) => /order by `sent_at` (asc|desc), `message_id` \1/.test(sql));
    expect(pages).toHaveLength(1);
    expect(pages[0]?.plan).toMatch(new RegExp(`^(SEARCH|SCAN) messages USING INDEX ${index}\\b[^;]*$`));
    // From the position, not from the bound of the range, which it has passed.
    if ('after' in args[1]) expect(pages[0]?.plan).toMatch(/\(sent_at,message_id\)[<>]\(\?,\?\)/);
    for (const { sql, plan } of plans) {
      if (sql.includes('group by starts_at')) continue; // sorts the periods of one level, not messages
      expect(plan).not.toMatch(/TEMP B-TREE|SCAN messages(?! USING INDEX)|SCAN (sender|period)_counts/);
    }
  });

  it('for one message reads the unique index', async () => {
    const key = messageKey({ messageId: id('m7'), provider: WEBHOOK });
    const unique = 'SEARCH messages USING INDEX sqlite_autoindex_messages_1';
    const planOf = async (call: () => Promise<unknown>) => (await plansOf(call)).map(({ plan }) => plan);
    expect(await planOf(() => repository.find(id('m7'), WEBHOOK))).toEqual([`${unique} (message_id=?)`]);
    expect(await planOf(() => repository.find(id('m7')))).toEqual([`${unique} (message_id>? AND message_id<?)`]);
    expect(await planOf(() => repository.findStatus(key))).toEqual([
      'SEARCH message_statuses USING INDEX sqlite_autoindex_message_statuses_1 (message_id=?)',
    ]);
    expect(await planOf(() => repository.findReceipt(key))).toEqual([`${unique} (message_id=?)`]);
    const [payload = ''] = await planOf(() => repository.findPayload(key));
    expect(payload).toContain('SEARCH payloads USING INTEGER PRIMARY KEY (rowid=?)');
    expect(payload).toContain(`${unique} (message_id=?)`);
  });

  it('for messages after a stream position reads the primary key from there, and its end', async () => {
    const place = await repository.feedEnd();
    const plans = await plansOf(() => repository.readFeed({ ...place, at: place.at - 5n }, 10));
    expect(plans).toHaveLength(1);
    for (const step of plans[0]?.plan.split('; ').filter((part) => part.includes('messages')) ?? []) {
      expect(step).toMatch(/^SEARCH messages( USING INTEGER PRIMARY KEY \(rowid>\?\))?$/);
    }
  });

  it('for the statistics reads the ends of an index, the counters, and the uncounted backlog', async () => {
    const plans = await plansOf(() => repository.stats());
    for (const { sql, plan } of plans) {
      for (const step of plan.split('; ').filter((part) => part.startsWith('SCAN'))) {
        expect(step).toMatch(/SCAN (CONSTANT|backlog|message_totals|sender_counts .*by_rank|messages .*by_instant|\()/);
        if (step.includes('by_instant')) expect(sql).toMatch(/ limit \?$/);
      }
    }
    expect(plans.some(({ plan }) => plan.includes('SEARCH messages USING INTEGER PRIMARY KEY (rowid>?)'))).toBe(true);
  });

  it.each<[string, Parameters<MessageRepository['timeseries']>]>([
    ['whole buckets', [{ since: micros(0), until: micros(86_400_000_000) }, 'minute']],
    ['buckets of which a part lies outside', [range, 'hour']],
    ['a part of a bucket', [range, 'day']],
  ])(
    'for a time series of %s reads counters, and no messages but the uncounted and those of a minute',
    async (_what, args) => {
      const plans = await plansOf(() => repository.timeseries(...args));
      expect(
        plans.some(({ plan }) => plan.includes('SEARCH period_counts USING PRIMARY KEY (width=? AND starts_at')),
      ).toBe(true);
      for (const { plan } of plans) {
        for (const step of plan.split('; ').filter((part) => /(SEARCH|SCAN) /.test(part))) {
          expect(step).toMatch(
            /SEARCH period_counts USING PRIMARY KEY|messages_by_instant \(sent_at>\? AND sent_at<\?\)$|SEARCH messages USING INTEGER PRIMARY KEY \(rowid>\?\)|SCAN (message_totals|periods|CONSTANT)/,
          );
        }
      }
    },
  );

  it('for a time series of a sender reads the index by sender within the range', async () => {
    const [only, ...more] = await plansOf(() => repository.timeseries(range, 'hour', first.from));
    expect(more).toEqual([]);
    expect(only?.plan).toMatch(
      /messages USING COVERING INDEX messages_by_sender \(from_msisdn=\? AND sent_at>\? AND sent_at<\?\)/,
    );
  });

  it('for the count of a sender reads one counter and the uncounted backlog', async () => {
    const plans = await plansOf(() => repository.list({ from: number('+100') }, { offset: 0 }, 1));
    const counting = plans.filter(({ sql }) => sql.includes('sender_counts'));
    expect(counting).toHaveLength(1);
    expect(counting[0]?.plan).toMatch(/SEARCH sender_counts USING PRIMARY KEY/);
    expect(counting[0]?.plan).toMatch(/SEARCH messages USING INTEGER PRIMARY KEY \(rowid>\?\)/);
  });

  it('for a total counts no messages but those of a minute', async () => {
    const plans = await plansOf(() => repository.list(range, { offset: 0 }, 1));
    const counting = plans.filter(({ sql }) => /count\(\*\).*from `messages`/.test(sql));
    expect(counting).toHaveLength(2); // for each end of the range
    for (const { plan } of counting) expect(plan).toMatch(/messages_by_instant \(sent_at>\? AND sent_at<\?\)$/);
  });
});

describe('A step of erasing', () => {
  it('examines one page, not all expired messages, if all of them are exempt', async () => {
    const { db, close } = await openTestDatabase();
    try {
      await sqliteMessageRepository(db).add(manyMessages(5_001).map((one) => ({ ...one, receivedAt: micros(9e15) })));
      const rule = { of: 'age' as const, before: micros(8e15), keepFrom: [], keepSince: null };
      const { next } = await nextToErase(db, rule, null);
      expect(next).not.toBeNull();
      const look = (await plansIn(db, () => nextToErase(db, rule, null))).at(-1)?.plan;
      expect(look).toBe('SEARCH messages USING INDEX messages_by_instant ((sent_at,message_id)<(?,?))');
    } finally {
      await close();
    }
  });
});
