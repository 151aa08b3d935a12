import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { feedEnd } from '../../../../src/adapters/persistence/postgres/feed.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { renewEpoch } from '../../../../src/adapters/persistence/feed/stream-epoch.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import { isNews, type StreamPosition } from '../../../../src/domain/stream-position.ts';
import { openTestPool, openTestPostgres } from '../../../support/postgres.ts';
import { insertRows } from '../../../support/sqlite.ts';
import { message } from '../contract/repository-fixtures.ts';

let db: Knex;
let beside: Knex;
let repository: MessageRepository;
let close: () => Promise<void>;
let begin: StreamPosition;

beforeAll(async () => {
  const database = await openTestPostgres();
  db = database.db;
  beside = openTestPool(database.url);
  repository = postgresMessageRepository(db, db);
  close = async () => {
    await beside.destroy();
    await database.close();
  };
});
afterAll(() => close());
beforeEach(async () => {
  begin = await repository.feedEnd();
});

/**
 * As soon as there are so many. Transactions of other tests, in other databases of the same server, hold the horizon too: it
 * takes until they end.
 */
async function awaited(position: StreamPosition, count: number): Promise<string[]> {
  for (;;) {
    const ids = await idsAfter(position);
    if (ids.length >= count) return ids;
  }
}

async function idsAfter(position: StreamPosition): Promise<string[]> {
  const arrivals = await repository.readFeed(position, 100);
  if (arrivals === 'unknown_position') throw new Error(arrivals);
  return arrivals.filter((one) => isNews(one.position, position)).map((one) => one.message.messageId);
}

it('what is committed late is not skipped: nothing behind it is told before it', async () => {
  await beside.transaction(async (late) => {
    await insertRows(late, [message('late')]);
    await repository.add([message('early')]);
    expect(await idsAfter(begin)).toEqual([]);
  });
  expect(await awaited(begin, 2)).toEqual(['late', 'early']);
});

it('what is rolled back holds nothing up any longer', async () => {
  const failing = beside.transaction(async (transaction) => {
    await insertRows(transaction, [message('never')]);
    await repository.add([message('after a failure')]);
    expect(await idsAfter(begin)).toEqual([]);
    throw new Error('rolled back');
  });
  await expect(failing).rejects.toThrow('rolled back');
  expect(await awaited(begin, 1)).toEqual(['after a failure']);
});

it('who only reads holds nothing up, however long', async () => {
  const snapshot = { isolationLevel: 'repeatable read', readOnly: true } as const;
  await beside.transaction(async (reading) => {
    await reading('messages').first();
    await repository.add([message('beside a reader')]);
    expect(await awaited(begin, 1)).toEqual(['beside a reader']);
  }, snapshot);
});

it('who begins while a commit is under way is told of it', async () => {
  await beside.transaction(async (open) => {
    await insertRows(open, [message('under way')]);
    begin = await repository.feedEnd();
  });
  expect(await awaited(begin, 1)).toEqual(['under way']);
});

it('who begins beside a transaction is not told, when it ends, of what was stored before he began', async () => {
  await beside.transaction(async (open) => {
    await insertRows(open, [message('still under way')]);
    await repository.add([message('already stored')]);
    begin = await repository.feedEnd();
    await repository.add([message('stored after')]);
  });
  expect(await awaited(begin, 2)).toEqual(['still under way', 'stored after']);
});

it('who begins beside more transactions than a place can name is rather told too much than too little', async () => {
  await beside.transaction(async (one) => {
    await insertRows(one, [message('one')]);
    await repository.add([message('between')]);
    await beside.transaction(async (two) => {
      await insertRows(two, [message('two')]);
      await repository.add([message('behind two')]);
      begin = await feedEnd(db, 1);
    });
  });
  const numberOf = new Map(
    (await db<{ message_id: string; arrived: string }>('messages').whereIn('message_id', ['one', 'two'])).map(
      ({ message_id, arrived }) => [message_id, BigInt(arrived)],
    ),
  );
  const [one, two] = [numberOf.get('one') ?? 0n, numberOf.get('two') ?? 0n];
  const { end, except } = begin.old ?? { end: 0n, except: [] };
  const [named = 0n] = except;
  expect(except).toHaveLength(1);
  // Another suite's transaction may be under way, too, and come first.
  expect([named > 0n && named <= one, named < end, end <= two]).toEqual([true, true, true]);
  const told = new Set<string>();
  while (!told.has('one') || !told.has('two')) for (const id of await idsAfter(begin)) told.add(id);
});

it('a place is not known where what was old lies in the future, for its numbers will be those of news', async () => {
  const old = { end: begin.at + 1_000_000n, except: [] };
  expect(await repository.readFeed({ ...begin, old }, 100)).toBe('unknown_position');
});

it('what was stored before the order was kept is never told', async () => {
  await repository.add([message('old')]);
  await db('messages').where({ message_id: 'old' }).update({ arrived: null });
  await repository.add([message('new')]);
  expect(await awaited(begin, 1)).toEqual(['new']);
});

it('a new epoch makes places unknown, and forgets numbers of another server', async () => {
  await repository.add([message('foreign'), message('own')]);
  await db.raw("update messages set arrived = '4611686018427387904'::xid8 where message_id = 'foreign'");
  await db.transaction((transaction) => renewEpoch(transaction, postgresDialect));
  expect(await repository.readFeed(begin, 10)).toBe('unknown_position');
  const rows = await db<{ message_id: string; arrived: string | null }>('messages')
    .whereIn('message_id', ['foreign', 'own'])
    .orderBy('message_id');
  expect(rows.map(({ arrived }) => arrived !== null)).toEqual([false, true]);
});
