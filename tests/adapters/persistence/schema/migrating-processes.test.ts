import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { migrationNames, migrationSource } from '../../../../src/adapters/persistence/schema/migration-source.ts';
import { migrateLatest, schemaStatus } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { statsOf } from '../../../../src/domain/stats.ts';
import { insertRows, migrating, temporaryFolder, type TemporaryFolder } from '../../../support/sqlite.ts';
import { CLI, lines, node, ROOT } from './node-process.ts';
import { everyMessage, manyMessages } from '../contract/repository-fixtures.ts';

let folder: TemporaryFolder;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = folder.file('data/app.db');
});
afterEach(() => folder.remove());

const latest = () => node(folder.path, [CLI, 'migrate', 'latest'], { DATABASE_URL: `sqlite:///${file}` });

describe('Processes that migrate one new database at the same time', () => {
  it.each([2, 6])('%d of them all succeed, and one applied everything', async (count) => {
    const ended = await Promise.all(Array.from({ length: count }, latest));
    const names = await migrationNames();
    expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(Array(count).fill({ code: 0, stderr: '' }));
    expect(ended.map(({ stdout }) => stdout).sort()).toEqual(
      [lines('applied ', names), ...Array<string>(count - 1).fill('the schema is up to date\n')].sort(),
    );
    await migrating(file, async (db) => {
      expect((await schemaStatus(db)).applied).toEqual(names);
      expect(await db('knex_migrations')).toHaveLength(names.length);
    });
  });
});

describe('A process that is killed while it migrates', () => {
  const stored = manyMessages(200);

  it.each([
    ['before it counts', 'insert into period_counts'],
    ['between two migrations', 'create virtual table message_search'],
    ['before it records a migration', 'insert into `knex_migrations`'],
    ['before it commits', 'COMMIT'],
  ])('%s leaves the database unchanged, and the next process migrates it', async (_when, statement) => {
    await migrating(file, async (db) => {
      await db.migrate.up({ migrationSource, tableName: 'knex_migrations' });
      await insertRows(db, stored);
    });
    const script = `
      const { openSqlite } = await import('${ROOT}src/adapters/persistence/sqlite/database.ts');
      const { migrateLatest } = await import('${ROOT}src/adapters/persistence/schema/migrator.ts');
      const [file, statement] = process.argv.slice(1);
      const db = openSqlite({ file, bigIntegers: false });
      db.on('query', ({ sql }) => { if (sql.includes(statement)) process.kill(process.pid, 'SIGKILL'); });
      await migrateLatest(db);`;
    expect(await node(folder.path, ['--input-type=module', '-e', script, file, statement])).toMatchObject({
      signal: 'SIGKILL',
    });

    const [first, ...pending] = await migrationNames();
    await migrating(file, async (db) => {
      expect(await schemaStatus(db)).toEqual({ applied: [first], pending, unknown: [] });
      expect(await migrateLatest(db)).toEqual(pending);
    });
    const db = openSqlite({ file });
    try {
      expect(await everyMessage(sqliteMessageRepository(db))).toEqual(stored);
      expect(await sqliteMessageRepository(db).stats()).toEqual(statsOf(stored));
    } finally {
      await db.destroy();
    }
  });
});
