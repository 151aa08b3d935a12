import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { postgresFeed } from '../../../../src/adapters/persistence/postgres/feed.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { renewEpoch } from '../../../../src/adapters/persistence/feed/stream-epoch.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { StreamPosition } from '../../../../src/domain/stream-position.ts';
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

/** Waits for `count` ids: transactions of other tests, in other databases of the same server, hold the horizon, too. */
async function awaited(position: StreamPosition, count: number): Promise<string[]> {
  for (;;) {
    const ids = await idsAfter(position);
    if (ids.length >= count) return ids;
  }
}

async function idsAfter(position: StreamPosition): Promise<string[]> {
  const page = await repository.readFeed(position, 100);
  if (page === 'unknown_position') throw new Error(page);
  return page.entries.map((entry) => entry.message.messageId);
}

it('a late commit is not skipped: later messages wait for it', async () => {
  await beside.transaction(async (late) => {
    await insertRows(late, [message('late')]);
    await repository.add([message('early')]);
    expect(await idsAfter(begin)).toEqual([]);
  });
  expect(await awaited(begin, 2)).toEqual(['late', 'early']);
});

it('a rolled-back transaction delays nothing any longer', async () => {
  const failing = beside.transaction(async (transaction) => {
    await insertRows(transaction, [message('never')]);
    await repository.add([message('after a failure')]);
    expect(await idsAfter(begin)).toEqual([]);
    throw new Error('rolled back');
  });
  await expect(failing).rejects.toThrow('rolled back');
  expect(await awaited(begin, 1)).toEqual(['after a failure']);
});

it('a read-only transaction delays nothing, however long it is', async () => {
  const snapshot = { isolationLevel: 'repeatable read', readOnly: true } as const;
  await beside.transaction(async (reading) => {
    await reading('messages').first();
    await repository.add([message('beside a reader')]);
    expect(await awaited(begin, 1)).toEqual(['beside a reader']);
  }, snapshot);
});

it('a subscriber that begins while a commit is in flight receives it', async () => {
  await beside.transaction(async (open) => {
    await insertRows(open, [message('in flight')]);
    begin = await repository.feedEnd();
  });
  expect(await awaited(begin, 1)).toEqual(['in flight']);
});

it('a subscriber that begins while a transaction is in flight does not receive what was stored before', async () => {
  await beside.transaction(async (open) => {
    await insertRows(open, [message('still in flight')]);
    await repository.add([message('already stored')]);
    begin = await repository.feedEnd();
    await repository.add([message('stored after')]);
  });
  expect(await awaited(begin, 2)).toEqual(['still in flight', 'stored after']);
});

it('with more transactions in flight than a position can name, a subscriber receives too much rather than too little', async () => {
  await beside.transaction(async (one) => {
    await insertRows(one, [message('one')]);
    await repository.add([message('between')]);
    await beside.transaction(async (two) => {
      await insertRows(two, [message('two')]);
      await repository.add([message('behind two')]);
      begin = await postgresFeed(db).feedEnd(1);
    });
  });
  const numberOf = new Map(
    (await db<{ message_id: string; arrived: string }>('messages').whereIn('message_id', ['one', 'two'])).map(
      ({ message_id, arrived }) => [message_id, BigInt(arrived)],
    ),
  );
  const [one, two] = [numberOf.get('one') ?? 0n, numberOf.get('two') ?? 0n];
  const [end = 0n, named = 0n, ...more] = begin.start ?? [];
  expect(more).toEqual([]);
  // Another suite's transaction may be in flight, too, and be older.
  expect([named > 0n && named <= one, named < end, end <= two]).toEqual([true, true, true]);
  const received = new Set<string>();
  while (!received.has('one') || !received.has('two')) for (const id of await idsAfter(begin)) received.add(id);
});

it('a position is unknown if its start ends in the future: the server lost transactions and will reuse their numbers', async () => {
  const start = [begin.at + 1_000_000n];
  expect(await repository.readFeed({ ...begin, start }, 100)).toBe('unknown_position');
});

it('a position loses its start once the horizon has passed it, and skips nothing after that', async () => {
  await beside.transaction(async (open) => {
    await insertRows(open, [message('holds the horizon')]);
    await repository.add([message('old to a new subscriber')]);
    begin = await repository.feedEnd();
    expect(begin.start).toBeDefined();
    const held = await repository.readFeed(begin, 100);
    expect(held).toEqual({ entries: [], position: begin });
    await open.rollback();
  });
  let position = begin;
  while (position.start !== undefined) {
    const page = await repository.readFeed(position, 100);
    if (page === 'unknown_position') throw new Error(page);
    expect(page.entries).toEqual([]);
    position = page.position;
  }
  await repository.add([message('next 1'), message('next 2')]);
  expect(await awaited(position, 2)).toEqual(['next 1', 'next 2']);
  expect(await awaited(begin, 2)).toEqual(['next 1', 'next 2']);
});

it('a page that is full keeps the start while its last entry lies before the end of it', async () => {
  await beside.transaction(async (one) => {
    await insertRows(one, [message('first'), message('second')]);
    await repository.add([message('old in between')]);
    begin = await repository.feedEnd();
  });
  await awaited(begin, 2);
  const page = await repository.readFeed(begin, 1);
  expect(page).toMatchObject({ entries: [{ message: { messageId: 'first' } }], position: { start: begin.start } });
  expect(page !== 'unknown_position' && (await awaited(page.position, 1))).toEqual(['second']);
});

it('messages stored before the commit order was recorded are never delivered', async () => {
  await repository.add([message('old')]);
  await db('messages').where({ message_id: 'old' }).update({ arrived: null });
  await repository.add([message('new')]);
  expect(await awaited(begin, 1)).toEqual(['new']);
});

it('a new epoch makes positions unknown, and clears the numbers of another server', async () => {
  await repository.add([message('foreign'), message('own')]);
  await db.raw("update messages set arrived = '4611686018427387904'::xid8 where message_id = 'foreign'");
  await db.transaction((transaction) => renewEpoch(transaction, postgresDialect));
  expect(await repository.readFeed(begin, 10)).toBe('unknown_position');
  const rows = await db<{ message_id: string; arrived: string | null }>('messages')
    .whereIn('message_id', ['foreign', 'own'])
    .orderBy('message_id');
  expect(rows.map(({ arrived }) => arrived !== null)).toEqual([false, true]);
});
