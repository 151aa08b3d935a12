import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { translatingErrors } from '../../../../src/adapters/persistence/sqlite/errors.ts';
import { StoreUnavailable, type MessageRepository } from '../../../../src/application/ports/store.ts';
import { openTestDatabase, temporaryFolder, type TestDatabase } from '../../../support/sqlite.ts';
import { id, manyMessages, message } from '../contract/repository-fixtures.ts';

const failure = (work: () => unknown): Promise<unknown> =>
  translatingErrors(async () => Promise.resolve(await work())).then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('translatingErrors', () => {
  it('returns the result of the work', async () => {
    expect(await translatingErrors(() => Promise.resolve(7))).toBe(7);
  });

  it.each([
    ...['BUSY', 'BUSY_SNAPSHOT', 'BUSY_RECOVERY', 'LOCKED', 'LOCKED_SHAREDCACHE', 'FULL', 'IOERR', 'IOERR_WRITE'],
    ...['IOERR_FSYNC', 'READONLY', 'READONLY_DBMOVED', 'CANTOPEN', 'CANTOPEN_ISDIR', 'CORRUPT', 'CORRUPT_INDEX'],
    ...['NOTADB', 'NOMEM', 'PROTOCOL'],
  ])('turns SQLITE_%s into StoreUnavailable, with nothing else in its message', async (code) => {
    const cause = Object.assign(new Error('insert … values (+14155550100)'), { code: `SQLITE_${code}` });
    const error = await failure(() => Promise.reject(cause));
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ message: `database: SQLITE_${code}`, cause, retryAfterSeconds: 1 });
  });

  it('turns a timeout of the Knex pool into StoreUnavailable', async () => {
    const cause = Object.assign(new Error('Timeout acquiring a connection'), { name: 'KnexTimeoutError' });
    expect(await failure(() => Promise.reject(cause))).toBeInstanceOf(StoreUnavailable);
  });

  it.each<[string, unknown]>([
    ['a broken constraint', Object.assign(new Error('not null'), { code: 'SQLITE_CONSTRAINT_NOTNULL' })],
    ['a wrong statement', Object.assign(new Error('no such table'), { code: 'SQLITE_ERROR' })],
    ['a code that only begins like one', Object.assign(new Error('?'), { code: 'SQLITE_BUSYBODY' })],
    ['a code that only ends like one', Object.assign(new Error('?'), { code: 'NOT_SQLITE_BUSY' })],
    ['a code that is a number', Object.assign(new Error('?'), { code: 5 })],
    ['a mistake in the program', new TypeError('not a function')],
    ['what says so in its text only', new Error('SQLITE_BUSY: database is locked')],
    ['a text', 'SQLITE_BUSY'],
    ['nothing', undefined],
    ['null', null],
    ['a StoreUnavailable', new StoreUnavailable('too many', { retryAfterSeconds: 9 })],
  ])('passes on %s unchanged', async (_what, thrown) => {
    expect(await failure(() => Promise.reject(thrown as Error))).toBe(thrown);
  });

  it('translates errors that are thrown synchronously, too', async () => {
    const busy = Object.assign(new Error('busy'), { code: 'SQLITE_BUSY' });
    await expect(
      translatingErrors(() => {
        throw busy;
      }),
    ).rejects.toThrow(StoreUnavailable);
  });
});

describe('A repository whose database', () => {
  let database: TestDatabase;
  let repository: MessageRepository;
  beforeEach(async () => {
    database = await openTestDatabase({ busyTimeoutMs: 0 });
    repository = sqliteMessageRepository(database.db);
    await repository.add([message('before')]);
  });
  afterEach(() => database.close());

  /** Expects StoreUnavailable with nothing stored, working reads, and a working retry afterwards. */
  async function expectUnavailableUntil(code: string, over: () => unknown): Promise<void> {
    const added = manyMessages(300);
    const error = await repository.add(added).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect((error as StoreUnavailable).message).toBe(`database: ${code}`);
    expect(await repository.find(id('before'))).toEqual(message('before'));
    expect((await repository.list({}, { offset: 0 }, 10)).total).toBe(1);
    expect((await repository.stats()).totalMessages).toBe(1);
    await over();
    expect(new Set(await repository.add(added))).toEqual(new Set(['created']));
    expect((await repository.stats()).totalMessages).toBe(301);
  }

  it.each(['begin exclusive', 'begin immediate'])('is locked by another process (%s)', async (begin) => {
    const other = new Database(database.file);
    try {
      other.exec(begin);
      await expectUnavailableUntil('SQLITE_BUSY', () => other.exec('rollback'));
    } finally {
      other.close();
    }
  });

  it('is on a full disk', async () => {
    const [{ pages = 0 } = {}] = await database.db.raw<{ pages?: bigint }[]>(
      'select page_count as pages from pragma_page_count',
    );
    await database.db.raw(`pragma max_page_count = ${String(pages)}`);
    await expectUnavailableUntil('SQLITE_FULL', () => database.db.raw('pragma max_page_count = 1000000'));
  });

  it('is read-only', async () => {
    await database.db.raw('pragma query_only = on');
    await expectUnavailableUntil('SQLITE_READONLY', () => database.db.raw('pragma query_only = off'));
  });

  it('lacks a table rejects with the fault itself', async () => {
    await database.db.raw('drop table messages');
    const error = await repository.add([message('a')]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SQLITE_ERROR' });
    expect(error).not.toBeInstanceOf(StoreUnavailable);
  });
});

describe('A repository whose file', () => {
  it('is not a database rejects every call but the health check', async () => {
    const folder = await temporaryFolder();
    await writeFile(
      folder.file('app.db'),
      'this is not a database, but it is long enough to be taken for one: '.repeat(99),
    );
    const db = openSqlite({ file: folder.file('app.db') });
    try {
      const repository = sqliteMessageRepository(db);
      for (const call of [
        () => repository.add([message('a')]),
        () => repository.find(id('a')),
        () => repository.list({}, { offset: 0 }, 1),
        () => repository.stats(),
      ]) {
        await expect(call()).rejects.toMatchObject({ name: 'StoreUnavailable', message: 'database: SQLITE_NOTADB' });
      }
      expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    } finally {
      await db.destroy();
      await folder.remove();
    }
  });
});
