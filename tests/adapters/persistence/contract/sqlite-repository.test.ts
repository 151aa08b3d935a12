import { describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { countNext, deriveNext, indexNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { indexedSeq } from '../../../../src/adapters/persistence/sqlite/search/search-index.ts';
import type { MessageFilter, MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { modelContract } from './message-model-contract.ts';
import { messageRepositoryContract } from './message-repository-contract.ts';
import { searchContract } from './message-search-contract.ts';
import { manyMessages, message, micros, number, withRepositoryOf } from './repository-fixtures.ts';

messageRepositoryContract('SQLite', async () => {
  const { db, close } = await openTestDatabase();
  return { repository: sqliteMessageRepository(db), close };
});

describe.each([
  ['all texts', 5_000],
  ['a part of the texts', 3],
])('SQLite with %s in the search index', (_part, perAdd) => {
  const withRepository = withRepositoryOf(async () => {
    const { db, close } = await openTestDatabase();
    return { repository: indexing(db, perAdd), close };
  });
  searchContract(withRepository);
  modelContract(withRepository);
});

/** Indexes up to this many messages after each add. */
function indexing(db: Knex, perAdd: number): MessageRepository {
  const repository = sqliteMessageRepository(db);
  return {
    ...repository,
    async add(messages) {
      const outcomes = await repository.add(messages);
      await deriveNext(db, perAdd);
      return outcomes;
    },
  };
}

describe('A failure in the middle of a transaction in SQLite', () => {
  const TABLES = ['messages', 'sender_counts', 'period_counts', 'message_totals', 'search_progress'];

  async function failing(trigger: string, work: (db: Knex, repository: MessageRepository) => Promise<unknown>) {
    const { db, close } = await openTestDatabase();
    try {
      const repository = sqliteMessageRepository(db);
      await repository.add(manyMessages(5));
      const contents = () => Promise.all(TABLES.map((table) => db(table).select('*')));
      const before = await contents();
      await db.raw(trigger.replaceAll('"', "'"));
      await expect(work(db, repository)).rejects.toThrow('no');
      expect(await contents()).toEqual(before);
      await db.raw('drop trigger t');
      await work(db, repository);
      expect(await contents()).not.toEqual(before);
      expect(await wrongCounters(db, sqliteDialect)).toEqual([]);
    } finally {
      await close();
    }
  }

  it('stores no message of the call', () =>
    failing(
      'create trigger t after insert on messages when new.message_id = "m7" begin select raise(abort, "no"); end',
      (_db, repository) => repository.add(manyMessages(10)),
    ));

  it.each([
    ['create trigger t before insert on sender_counts begin select raise(abort, "no"); end', countNext],
    [
      'create trigger t before insert on period_counts when new.width = 86400 begin select raise(abort, "no"); end',
      countNext,
    ],
    ['create trigger t before update on message_totals begin select raise(abort, "no"); end', countNext],
    ['create trigger t before update on search_progress begin select raise(abort, "no"); end', indexNext],
  ])('stores nothing of a background step: %s', (trigger, step) => failing(trigger, (db) => step(db, 10)));
});

describe('The search index', () => {
  it('indexes messages in steps, reports when it has caught up, and indexes none twice', async () => {
    const { db, close } = await openTestDatabase();
    try {
      const repository = sqliteMessageRepository(db);
      expect(await deriveNext(db, 10)).toBe(0);
      await repository.add([...manyMessages(24), message('without', { text: null })]);
      expect([await deriveNext(db, 10), await deriveNext(db, 10), await deriveNext(db, 10)]).toEqual([10, 10, 5]);
      expect([await deriveNext(db, 10), await indexedSeq(db)]).toEqual([0, 25]);
      await repository.add([message('later', { text: 'text 7' }), ...manyMessages(24)]);
      expect([await deriveNext(db, 10), await deriveNext(db, 10)]).toEqual([1, 0]);
      expect((await repository.list({ contains: 'text 7' }, { offset: 0 }, 10)).total).toBe(2);
    } finally {
      await close();
    }
  });

  it('returns the same results for a word with too many hits to sort', async () => {
    const { db, close } = await openTestDatabase();
    try {
      const common = (i: number): Message =>
        message(`c${String(i)}`, {
          text: `Common ${String(i)}${i % 2 === 0 ? ' even' : ''}`,
          from: `+${String(1 + (i % 2))}`,
          sentAt: micros(i >> 1),
        });
      const messages = Array.from({ length: 20_100 }, (_, i) => common(i));
      const repository = sqliteMessageRepository(db);
      const model = inMemoryMessageRepository();
      for (const one of [repository, model]) await one.add(messages.slice(0, 20_050));
      await deriveNext(db, 20_040); // the last ten of them and the 50 that follow are not indexed
      for (const one of [repository, model]) await one.add(messages.slice(20_050));
      const filters: MessageFilter[] = [
        { contains: 'COMMON' },
        { contains: 'common 200' },
        { contains: 'EVEN' }, // more hits than are fetched at once, fewer than are scanned
        { contains: 'common', from: number('+2') },
        { contains: 'common', since: micros(10_030) },
        { contains: 'common', until: micros(7), from: number('+1') },
      ];
      for (const filter of filters) {
        for (const start of [{ offset: 0 }, { offset: 20_075 }, { after: common(20_060) }]) {
          expect(await repository.list(filter, start, 30)).toEqual(await model.list(filter, start, 30));
        }
      }
    } finally {
      await close();
    }
  });
});
