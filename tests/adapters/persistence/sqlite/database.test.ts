import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { inspect } from 'node:util';
import type { Knex } from 'knex';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { openTestDatabase, temporaryFolder, type TemporaryFolder, type TestDatabase } from '../../../support/sqlite.ts';
import { message } from '../contract/repository-fixtures.ts';

const pragma = async (db: Knex, name: string): Promise<unknown> => {
  const [row = {}] = await db.raw<Record<string, unknown>[]>(`pragma ${name}`);
  return Object.values(row)[0];
};

describe('openSqlite', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder.remove());

  async function opening(options: Parameters<typeof openSqlite>[0], test: (db: Knex) => Promise<void>): Promise<void> {
    const db = openSqlite(options);
    try {
      await test(db);
    } finally {
      await db.destroy();
    }
  }

  it.each([
    [{}, 5_000n],
    [{ busyTimeoutMs: 0 }, 0n],
    [{ busyTimeoutMs: 123 }, 123n],
  ])('sets up a connection that flushes every commit, with %p', async (options, busyTimeout) => {
    await opening({ file: folder.file('app.db'), ...options }, async (db) => {
      expect(await pragma(db, 'journal_mode')).toBe('wal');
      expect(await pragma(db, 'synchronous')).toBe(2n);
      expect(await pragma(db, 'journal_size_limit')).toBe(67_108_864n);
      expect(await pragma(db, 'foreign_keys')).toBe(1n);
      expect(await pragma(db, 'busy_timeout')).toBe(busyTimeout);
    });
  });

  it('creates the folders of the file', async () => {
    const file = folder.file('some/new/folder/app.db');
    await opening({ file }, async (db) => {
      await db.raw('create table t (a)');
      expect((await stat(file)).isFile()).toBe(true);
    });
  });

  it('accepts a path relative to the working directory', async () => {
    const file = path.relative(process.cwd(), folder.file('relative.db'));
    await opening({ file }, (db) => db.raw('create table t (a)'));
    expect((await stat(folder.file('relative.db'))).isFile()).toBe(true);
  });

  it('creates neither file nor folder for a reader, and does not write', async () => {
    const file = folder.file('missing/app.db');
    expect(() => openSqlite({ file, readOnly: true })).toThrow(StoreUnavailable);
    await expect(stat(path.dirname(file))).rejects.toThrow('ENOENT');
    await opening({ file }, (db) => db.raw('create table t (a)'));
    await opening({ file, readOnly: true }, async (db) => {
      await expect(db.raw('insert into t values (1)')).rejects.toMatchObject({ code: 'SQLITE_READONLY' });
      expect(await db.raw('select count(*) as n from t')).toEqual([{ n: 0n }]);
    });
  });

  it('returns integers as bigint, or as numbers on request', async () => {
    const file = folder.file('app.db');
    const largest = 'select 9007199254740993 as big';
    await opening({ file }, async (db) => {
      expect(await db.raw(largest)).toEqual([{ big: 9007199254740993n }]);
    });
    await opening({ file, bigIntegers: false }, async (db) => {
      expect(await db.raw('select 7 as n')).toEqual([{ n: 7 }]);
    });
  });

  it('provides the text folding of the domain in SQL', async () => {
    await opening({ file: folder.file('app.db') }, async (db) => {
      const sql = "select fold_case('ẞΣς') as folded, fold_case(null) as none, fold_case(7) as number";
      expect(await db.raw(sql)).toEqual([{ folded: 'ssσσ', none: null, number: null }]);
      const [row] = await db.raw<Record<string, number>[]>(
        "select contains_folded('Straße', 'ss') as a, contains_folded('Straße', 'ß') as b, contains_folded(null, '') as c",
      );
      expect(Object.values(row ?? {}).map(Number)).toEqual([1, 0, 0]);
    });
  });
});

describe('The schema', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await openTestDatabase();
  });
  afterEach(() => database.close());

  const SECRETS = ['wamid.secret', '+14155550123', '+14155550999', 'text that nobody may see'];
  const row = { message_id: SECRETS[0], from_msisdn: SECRETS[1], to_msisdn: SECRETS[2], sent_at: 5, text: SECRETS[3] };

  it.each<[string, object]>([
    ['a text for an instant', { sent_at: 'yesterday' }],
    ['a fraction for an instant', { sent_at: 1.5 }],
    ['bytes for an id', { message_id: Buffer.from('m1') }],
    ['bytes for a text', { text: Buffer.from('hello') }],
    ['no id', { message_id: null }],
    ['no sender', { from_msisdn: null }],
    ['no recipient', { to_msisdn: null }],
    ['no instant', { sent_at: null }],
  ])('rejects %s, and the error contains no value of the row', async (_what, wrong) => {
    const error: unknown = await database
      .db('messages')
      .insert({ ...row, ...wrong })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: expect.stringMatching(/^SQLITE_CONSTRAINT_(DATATYPE|NOTNULL)$/) });
    const everything = `${(error as Error).message} ${inspect(error, { depth: 9, showHidden: true })}`;
    for (const secret of SECRETS) expect(everything).not.toContain(secret);
    expect(await database.db('messages').select('*')).toEqual([]);
  });

  it('stores an id once, and the error does not contain it', async () => {
    await database.db('messages').insert(row);
    const error: unknown = await database
      .db('messages')
      .insert(row)
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
    for (const secret of SECRETS) expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  });

  it('reports no value of a message that a repository cannot store', async () => {
    const broken = { ...message('wamid.secret', { from: '+14155550123', text: SECRETS[3] ?? '' }), to: null as never };
    const error: unknown = await sqliteMessageRepository(database.db)
      .add([broken])
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    for (const secret of SECRETS) expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(secret);
  });
});
