import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { afterAll, describe, expect, it } from '@jest/globals';
import { indexedSeq, resetIndex } from '../../../src/adapters/persistence/sqlite/search/search-index.ts';
import type { MessageRepository } from '../../../src/application/ports/store.ts';
import { manyMessages } from '../persistence/contract/repository-fixtures.ts';
import { commandLine, signalledAt, type CommandEnd } from '../../support/command-line.ts';
import { openTestDatabase } from '../../support/sqlite.ts';
import { on, place, repositoryOf, type Engine } from '../../support/stores.ts';

const cli = commandLine();
afterAll(() => {
  cli.remove();
});

type Test = (
  reindex: (...args: string[]) => Promise<CommandEnd>,
  found: (needle: string) => Promise<number>,
  url: string,
) => Promise<void>;

async function withIndexed(engine: Engine, count: number, test: Test): Promise<void> {
  const database = await place(engine);
  const search = async (repository: MessageRepository, contains: string): Promise<number> =>
    (await repository.list({ contains }, { offset: 0 }, 1)).total;
  try {
    await on(database.url, async ({ add, deriveNext }) => {
      await add(manyMessages(count));
      while ((await deriveNext(1_000)) === 1_000);
    });
    await test(
      (...args) => cli.run(['reindex', ...args], { DATABASE_URL: database.url }),
      (needle) => on(database.url, (target) => search(repositoryOf(target), needle)),
      database.url,
    );
  } finally {
    await database.close();
  }
}

/** Like a database file whose pages are damaged: no statement of SQLite itself would do it. */
function damage(url: string, sql: string): void {
  const db = new Sqlite(url.replace('sqlite:///', ''));
  db.unsafeMode(true);
  db.exec(sql);
  db.close();
}

describe('webhook-inbox reindex', () => {
  it.each<[string, string, number]>([
    ['that contains texts that do not exist', `insert into message_search (rowid, text) values (99999, 'text 9')`, 111],
    [
      'that lacks texts that exist',
      `insert into message_search (message_search, rowid, text) values ('delete', 10, 'text 9')`,
      110,
    ],
    ['whose pages are damaged', `update message_search_data set block = zeroblob(50) where id > 10`, 111],
    ['whose structure is damaged', `update message_search_data set block = x'0102030405' where id = 10`, 111],
  ])('repairs an index of SQLite %s', async (_what, sql, meanwhile) => {
    await withIndexed('sqlite', 2_500, async (reindex, found, url) => {
      expect(await found('TEXT 9')).toBe(111);
      damage(url, sql);
      expect(await found('TEXT 9')).toBe(meanwhile); // exact, because the texts are read, if the damage shows
      const { status, stdout, stderr } = await reindex();
      expect({ status, stderr }).toEqual({ status: 0, stderr: 'indexing 0/2500\n' });
      expect(stdout).toMatch(/^indexed {8}2500 messages\ntime {11}[\d.]+ s\n$/);
      expect(await found('TEXT 9')).toBe(111);
      const indexed = await on(url, ({ db }) => db('search_progress').select('indexed_seq'));
      expect(indexed).toEqual([{ indexed_seq: 2_500n }]);
    });
  });

  it('waits for a process that is writing', async () => {
    const { db, file, close } = await openTestDatabase();
    await indexedSeq(db); // from then on the connection knows the schema, as the command does
    const writing = `
      const { parentPort, workerData } = require('node:worker_threads');
      const db = new (require('better-sqlite3'))(workerData);
      db.exec('begin immediate; update search_progress set indexed_seq = 5');
      parentPort.postMessage('it has the lock');
      setTimeout(() => db.exec('commit'), 200);`;
    const writer = new Worker(writing, { eval: true, workerData: file });
    const exited = once(writer, 'exit');
    try {
      await once(writer, 'message');
      await resetIndex(db);
      expect(await indexedSeq(db)).toBe(0);
    } finally {
      await exited;
      await close();
    }
  });

  it('stopped half-way leaves searches correct, and leaves the rest to the service', () =>
    withIndexed('sqlite', 20_000, async (_reindex, found, url) => {
      const environment = { DATABASE_URL: url, ...signalledAt('indexing', 'SIGINT') };
      const { status, stderr } = await cli.run(['reindex'], environment);
      expect({ status, stderr }).toEqual({
        status: 130,
        stderr: 'indexing 0/20000\nstopped by SIGINT; completed steps are kept, and the same command resumes\n',
      });
      const [progress] = await on(url, ({ db }) =>
        db<{ indexed_seq: bigint }>('search_progress').select('indexed_seq'),
      );
      expect(Number(progress?.indexed_seq)).toBeLessThan(20_000);
      expect(await found('TEXT 19999')).toBe(1);
    }));

  it('rebuilds the index of PostgreSQL, even if it is missing, and removes what an earlier attempt left behind', () =>
    withIndexed('postgres', 500, async (reindex, found, url) => {
      const indexes = () =>
        on(url, async ({ db }) => {
          const { rows } = await db.raw<{ rows: object[] }>(
            `select relname as name, indisvalid as valid, pg_class.oid::text from pg_class join pg_index on indexrelid = pg_class.oid
             where relname like 'messages_by_trigram%'`,
          );
          return rows;
        });
      await on(url, async ({ db }) => {
        await db.raw('create index messages_by_trigram_ccnew on messages (message_id)');
        await db.raw(`update pg_index set indisvalid = false where indexrelid = 'messages_by_trigram_ccnew'::regclass`);
      });
      const before = await indexes();
      const { status, stdout } = await reindex('--json');
      expect([status, JSON.parse(stdout)]).toMatchObject([0, { ok: true, messages: 500 }]);
      const after = await indexes();
      expect([before.length, after]).toMatchObject([2, [{ name: 'messages_by_trigram', valid: true }]]);
      expect(before).not.toContainEqual(after[0]);
      await on(url, ({ db }) => db.raw('drop index messages_by_trigram'));
      expect((await reindex()).status).toBe(0);
      expect(await indexes()).toMatchObject([{ name: 'messages_by_trigram', valid: true }]);
      expect(await found('TEXT 499')).toBe(1);
    }));
});
