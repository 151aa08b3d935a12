import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile } from 'node:fs/promises';
import SqliteFile from 'better-sqlite3';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import { sqliteErasing } from '../../../../src/adapters/persistence/sqlite/erasure.ts';
import { expiryEraser } from '../../../../src/adapters/persistence/erasure/expiry-eraser.ts';
import { countNext, deriveNext, indexNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteInspection } from '../../../../src/adapters/persistence/sqlite/inspection.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { sqliteReindex } from '../../../../src/adapters/persistence/sqlite/search/reindex.ts';
import { timestamp } from '../../../../src/domain/timestamp.ts';
import { openTestDatabase, reading, temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { overwritePages } from '../../../support/sqlite-damage.ts';
import { manyMessages } from '../contract/repository-fixtures.ts';

const MESSAGES = 1_500;

/** How to damage the index, all as seen or as a failing disk may do it. */
const DAMAGE: Readonly<Record<string, string | ((file: string) => void)>> = {
  'an empty structure': 'update message_search_data set block = zeroblob(20) where id = 10',
  'empty leaves': 'update message_search_data set block = zeroblob(20) where id > 1000',
  'no leaf directory': 'delete from message_search_idx',
  'no entries': "insert into message_search (message_search) values ('delete-all')",
  'no progress': 'delete from search_progress',
  'no progress table': 'drop table search_progress',
  'no table of data': 'drop table message_search_data',
  'no table of leaves': 'drop table message_search_idx',
  'no table of settings': 'drop table message_search_config',
  'neither data nor settings': 'drop table message_search_data; drop table message_search_config',
  'no settings': 'delete from message_search_config',
  'no sizes': 'drop table message_search_docsize',
  'no virtual table': "pragma writable_schema = on; delete from sqlite_schema where name = 'message_search'",
  'no table at all': 'drop table message_search',
  'an overwritten root page': (file) => {
    overwritePages(file, "select rootpage as page from sqlite_schema where name = 'message_search_data'");
  },
  // Of one such page, searches notice only if they need it.
  'overwritten leaf pages': (file) => {
    overwritePages(file, "select pageno as page from dbstat where name = 'message_search_data' and pagetype = 'leaf'");
  },
};

let folder: TemporaryFolder;
let indexed: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  indexed = folder.file('indexed.db');
  const { db, file, close } = await openTestDatabase();
  await sqliteMessageRepository(db).add(manyMessages(MESSAGES));
  while ((await deriveNext(db, 500)) === 500);
  await db.raw('pragma wal_checkpoint(truncate)');
  await copyFile(file, indexed);
  await close();
});
afterAll(() => folder.remove());

async function damaged(how: string): Promise<string> {
  const file = folder.file(`${how.replaceAll(' ', '-')}-${String(Math.random())}.db`);
  await copyFile(indexed, file);
  const damage = DAMAGE[how];
  if (typeof damage === 'function') damage(file);
  if (typeof damage !== 'string') return file;
  const connection = new SqliteFile(file);
  connection.unsafeMode(true); // SQLite protects the tables of FTS5
  connection.exec(damage);
  connection.close();
  return file;
}

describe.each(Object.keys(DAMAGE))('a search index with %s', (how) => {
  it('makes searches read the texts, stops no other step, and reindex repairs it', async () => {
    const file = await damaged(how);
    await reading(file, async (db) => {
      const repository = sqliteMessageRepository(db);
      const total = async (contains: string): Promise<number> =>
        (await repository.list({ contains }, { offset: 0 }, 10)).total;
      expect([await total('text 7'), await total('text 1499'), await total('nowhere')]).toEqual([111, 1, 0]);
      await repository.add(manyMessages(10, 'later'));
      await expect(indexNext(db, 100)).rejects.toThrow('the search index is damaged: run "webhook-inbox reindex"');
      expect(await countNext(db, 100)).toBe(10);
      expect(await total('text 7')).toBe(112);
    });
    await reading(file, async (db) => {
      const inspection = sqliteInspection(db, file);
      expect(await inspection.findDamage?.()).toEqual({ damage: null, unused: 0 });
      expect((await inspection.inspectSearchIndex()).damage).not.toBeNull();
      const { signal } = new AbortController();
      expect(await sqliteReindex(db)({ signal, onProgress: () => undefined })).toBe(MESSAGES + 10);
      expect((await sqliteInspection(db, file).inspectSearchIndex()).damage).toBeNull();
      expect(await sqliteInspection(db, file).findDamage?.()).toEqual({ damage: null, unused: 0 });
      expect((await sqliteMessageRepository(db).list({ contains: 'text 7' }, { offset: 0 }, 1)).total).toBe(112);
    });
  });
});

// Damaged pages cannot be freed in a step; the error then says to run reindex.
const ERASABLE = Object.keys(DAMAGE).filter((how) => !how.includes('overwritten'));

it.each(ERASABLE)('erases expired messages beside a search index with %s', async (how) => {
  await reading(await damaged(how), async (db) => {
    const eraser = expiryEraser({
      writes: db,
      reads: db,
      dialect: sqliteDialect,
      erasing: sqliteErasing,
      translate: (work) => work(),
    });
    const rule = { of: 'age', before: timestamp('2030-01-01T00:00:00Z'), keepFrom: [], keepSince: null } as const;
    const step = await eraser.eraseNext(rule, null);
    expect(step).toMatchObject({ messages: 250 });
    const { total } = await sqliteMessageRepository(db).list({ contains: 'text' }, { offset: 0 }, 1);
    expect(total).toBe(MESSAGES - 250);
  });
});

it('does not call an index damaged that is only behind', async () => {
  const { db, file, close } = await openTestDatabase();
  try {
    await sqliteMessageRepository(db).add(manyMessages(50));
    await indexNext(db, 20);
    expect((await sqliteInspection(db, file).inspectSearchIndex()).damage).toBeNull();
    expect(await indexNext(db, 100)).toBe(30);
  } finally {
    await close();
  }
});

it('is sound if all texts are too short for it', async () => {
  const { db, file, close } = await openTestDatabase();
  try {
    const short = manyMessages(5).map((message) => ({ ...message, text: 'ok' }));
    await sqliteMessageRepository(db).add(short);
    expect([await indexNext(db, 100), await indexNext(db, 100)]).toEqual([5, 0]);
    expect((await sqliteInspection(db, file).inspectSearchIndex()).damage).toBeNull();
  } finally {
    await close();
  }
});

it('names a text that the index lacks', async () => {
  const file = folder.file('lacking.db');
  await copyFile(indexed, file);
  await reading(file, async (db) => {
    await db.raw("insert into message_search (message_search, rowid, text) values ('delete', 5, 'text 4')");
    expect((await sqliteInspection(db, file).inspectSearchIndex()).damage).toBe(
      'it has 1499 texts, the messages have 1500',
    );
  });
});

it('reports damage of the messages as such', async () => {
  const file = folder.file('messages.db');
  await copyFile(indexed, file);
  overwritePages(file, "select rootpage as page from sqlite_schema where name = 'messages_by_sender'");
  await reading(file, async (db) => {
    const { damage = null } = (await sqliteInspection(db, file).findDamage?.()) ?? {};
    expect(damage).not.toBeNull();
  });
});
