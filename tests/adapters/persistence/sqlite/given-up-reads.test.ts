import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { deriveNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { storeUsage } from '../../../../src/adapters/persistence/sqlite/usage.ts';
import { threadedMessageRepository } from '../../../../src/adapters/persistence/sqlite/store.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import { until } from '../../../support/connection.ts';
import { openTestDatabase, reading, type TestDatabase } from '../../../support/sqlite.ts';
import { message, micros, number } from '../contract/repository-fixtures.ts';

const ROWS = 30_000;
const START = 1_736_935_200_000_000n;
/** Rows between two checks, at most, of a scan over rows of any fixed distance. */
const INTERVAL = 251;

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
  // All in one minute, so that the counters do not help; two senders, whose rows alternate.
  await database.db.raw(
    `with recursive rows (i) as (select 0 union all select i + 1 from rows where i < ${String(ROWS - 1)})
     insert into messages (message_id, from_msisdn, to_msisdn, sent_at, type, text)
     select 'm' || i, '+' || (1 + i % 2), '+3', ${String(START)} + i, 'text', 'hello order ' || i from rows`,
  );
});
afterAll(() => database.close());

/** Every read that may visit many rows, and how many it visits at least. */
const READS: readonly [string, number, (repository: MessageRepository) => Promise<unknown>][] = [
  ['a search without an index', ROWS, (it) => it.list({ contains: 'zq' }, { offset: 0 }, 1)],
  ['such a search since an instant', ROWS, (it) => it.list({ contains: 'zq', since: micros(START) }, { offset: 0 }, 1)],
  ['such a search of a sender', ROWS / 2, (it) => it.list({ contains: 'zq', from: number('+2') }, { offset: 0 }, 1)],
  ['a search in the unindexed rest', ROWS, (it) => it.list({ contains: 'nowhere' }, { offset: 0 }, 1)],
  ['a page at a large offset of a sender', ROWS / 3, (it) => it.list({ from: number('+1') }, { offset: ROWS / 3 }, 1)],
  ['a page at a large offset within a minute', ROWS / 2, (it) => it.list({}, { offset: ROWS / 2 }, 1)],
  ['a total until an instant', ROWS, (it) => it.list({ until: micros(START + 30_000n) }, { offset: 0 }, 1)],
  [
    'a total of a sender since an instant',
    ROWS / 2,
    (it) => it.list({ from: number('+1'), since: micros(START) }, { offset: 0 }, 1),
  ],
  ['the statistics over the uncounted rest', ROWS, (it) => it.stats()],
  ['a time series over the uncounted rest', ROWS, (it) => it.timeseries(RANGE, 'minute')],
  ['a time series of a sender', ROWS / 2, (it) => it.timeseries(RANGE, 'minute', number('+1'))],
];
const RANGE = { since: micros(START), until: micros(START + 60_000_000n) };

it.each(READS)('%s looks often whether it is still wanted', async (_, rows, read) => {
  let looks = 0;
  const db = openSqlite({ file: database.file, readOnly: true, readOn: () => ++looks && 1 });
  try {
    await read(sqliteMessageRepository(db));
    expect(looks).toBeGreaterThan(rows / INTERVAL / 1.1 - 1);
  } finally {
    await db.destroy();
  }
});

it.each(READS)('%s ends with the first look that says no', async (_name, _rows, read) => {
  let looks = 0;
  const readOn = (): number => {
    looks++;
    throw new Error('not wanted');
  };
  const db = openSqlite({ file: database.file, readOnly: true, readOn });
  try {
    await expect(read(sqliteMessageRepository(db))).rejects.toThrow('not wanted');
    expect(looks).toBe(1);
    expect(await sqliteMessageRepository(db).find(message('m7').messageId)).not.toBeNull();
  } finally {
    await db.destroy();
  }
});

it('the usage looks, too', async () => {
  let looks = 0;
  const db = openSqlite({ file: database.file, readOnly: true, readOn: () => ++looks && 1 });
  await storeUsage(db, database.file);
  await db.destroy();
  expect(looks).toBeGreaterThan(ROWS / INTERVAL / 1.1 - 1);
});

describe('an indexed search with many hits', () => {
  it('looks while it counts them', async () => {
    const indexed = await openTestDatabase();
    await indexed.db.raw(
      `with recursive rows (i) as (select 0 union all select i + 1 from rows where i < 24999)
       insert into messages (message_id, from_msisdn, to_msisdn, sent_at, type, text)
       select 'm' || i, '+1', '+3', ${String(START)} + i, 'text', 'hello' from rows`,
    );
    await reading(indexed.file, async (db) => {
      while ((await deriveNext(db, 5_000)) === 5_000);
    });
    let looks = 0;
    const db = openSqlite({ file: indexed.file, readOnly: true, readOn: () => ++looks && 1 });
    const { total } = await sqliteMessageRepository(db).list({ contains: 'hello' }, { offset: 0 }, 1);
    await db.destroy();
    await indexed.close();
    expect(total).toBe(25_000);
    expect(looks).toBeGreaterThan((20_000 + 25_000) / INTERVAL / 1.1);
  });
});

it('a thread whose read was given up serves the next read long before the scan would have ended', async () => {
  const slow = await openTestDatabase();
  const repository = threadedMessageRepository({
    ...{ file: slow.file, readTimeoutMs: 100, maxQueuedReads: 10, readThreads: 1 },
  });
  const find = (): Promise<boolean> =>
    repository.find(message('m1').messageId).then(
      () => true,
      () => false,
    );
  try {
    await slow.db.raw(
      `with recursive rows (i) as (select 0 union all select i + 1 from rows where i < 19999)
       insert into messages (message_id, from_msisdn, to_msisdn, sent_at, type, text)
       select 'm' || i, '+1', '+3', ${String(START)} + i, 'text', replace(hex(zeroblob(1000)), '0', 'é') from rows`,
    );
    const began = performance.now();
    const search = [{ contains: 'zq' }, { offset: 0 }, 1] as const;
    await sqliteMessageRepository(slow.db).list(...search);
    const scanMs = performance.now() - began;
    await until(find); // the thread has started
    const outcomes = await Promise.allSettled(Array.from({ length: 4 }, () => repository.list(...search)));
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'rejected']);
    const rejected = performance.now();
    await until(find);
    expect(performance.now() - rejected).toBeLessThan(scanMs / 2);
  } finally {
    await repository.close();
    await slow.close();
  }
});
