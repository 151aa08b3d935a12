import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import SqliteFile from 'better-sqlite3';
import { describe, expect, it, jest } from '@jest/globals';
import { backUpSqlite } from '../../../../src/adapters/persistence/sqlite/backup/backup.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import {
  replaceDatabase,
  requireUnused,
} from '../../../../src/adapters/persistence/sqlite/backup/file/replace-database.ts';
import { restoreSqlite } from '../../../../src/adapters/persistence/sqlite/backup/restore.ts';
import { migrateLatest, migrateRollback } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { CLI, node } from '../../persistence/schema/node-process.ts';
import { manyMessages, message } from '../../persistence/contract/repository-fixtures.ts';
import { startProcess } from '../../../support/service.ts';
import { migrating, type TemporaryFolder } from '../../../support/sqlite.ts';
import { held, on } from '../../../support/stores.ts';
import { databaseOf, filesOf, heavyMessages, inFolder, url, work } from './sqlite-fixtures.ts';

const OLD = [message('old')];

async function backupOf(folder: TemporaryFolder, messages = manyMessages(30)): Promise<string> {
  const source = await databaseOf(folder, 'source.db', messages);
  const file = folder.file('backup.db');
  await backUpSqlite(source, file, work());
  return file;
}

const epochOf = (database: string): Promise<string> =>
  on(database, async ({ db }) => (await db<{ epoch: string }>('stream_epoch').first('epoch'))?.epoch ?? '');

const keptIn = (folder: TemporaryFolder): string[] =>
  filesOf(folder).filter((name) => name.includes('.before-restore-'));

describe('webhook-inbox restore of SQLite', () => {
  it('creates the database from a backup, and does not replace an existing one', async () => {
    await inFolder(async (folder) => {
      await backupOf(folder);
      const restore = () =>
        node(folder.path, [CLI, 'restore', 'backup.db'], { DATABASE_URL: 'sqlite:///./data/app.db' });
      const { code, stdout } = await restore();
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^messages {2}30, 2025-\S+ to 2025-\S+\nschema {4}is this version's\ncounters {2}ok\ntime {6}[0-9.]+ s\n$/,
      );
      const restored = url(folder.file('data/app.db'));
      expect(await held(restored)).toEqual(manyMessages(30));
      // Subscribers have to start again: numbers may be assigned a second time.
      expect(await epochOf(restored)).not.toBe(await epochOf(url(folder.file('source.db'))));
      expect(await restore()).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('use --force') });
    });
  });

  it('with --force keeps the old database beside the new one, with everything that only its log held', async () => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder);
      const database = folder.file('app.db');
      // As a killed service leaves it: the process has ended and its log remains.
      const script = `
        const { openSqlite } = await import('${new URL('../../../../src/adapters/persistence/sqlite/database.ts', import.meta.url).href}');
        const { migrateLatest } = await import('${new URL('../../../../src/adapters/persistence/schema/migrator.ts', import.meta.url).href}');
        const db = openSqlite({ file: '${database}', bigIntegers: false });
        await migrateLatest(db);
        await db('messages').insert({ message_id: 'old', from_msisdn: '+919876543210', to_msisdn: '+14155550100', sent_at: 1736935200000000, text: 'Hello' });
        process.kill(process.pid, 'SIGKILL');`;
      await node(folder.path, ['--input-type=module', '-e', script]);
      expect(statSync(`${database}-wal`).size).toBeGreaterThan(0);

      const result = await restoreSqlite(database, backup, true, work());
      expect(result).toMatchObject({ rows: 30, migrated: [], wrongCounters: [] });
      const [kept = ''] = keptIn(folder);
      expect(result.keptAs).toBe(folder.file(kept));
      expect(filesOf(folder)).toEqual(['app.db', kept, 'backup.db', 'source.db']);
      expect(await held(url(database))).toEqual(manyMessages(30));
      expect(await held(url(folder.file(kept)))).toEqual(OLD);
    });
  });

  it('is refused while a service has the database open, even with --force', async () => {
    await inFolder(async (folder) => {
      await backupOf(folder);
      const service = startProcess(folder.path, { DATABASE_URL: 'sqlite:///./app.db' });
      const client = await service.listening;
      expect((await client.fetch('/stats')).status).toBe(200); // its threads open the database a moment after it listens
      const ended = await node(folder.path, [CLI, 'restore', 'backup.db', '--force'], {
        DATABASE_URL: 'sqlite:///./app.db',
      });
      expect(ended).toMatchObject({
        code: 1,
        stdout: '',
        stderr: 'another process has the database open: stop the service first\n',
      });
      expect(keptIn(folder)).toEqual([]);
      service.child.kill('SIGTERM');
      expect(await service.ended).toMatchObject({ status: 0 });
      expect(await restoreSqlite(folder.file('app.db'), folder.file('backup.db'), true, work())).toMatchObject({
        rows: 30,
      });
    });
  });

  it('waits a moment for a process that only reads the database', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'app.db', OLD);
      const script = `
        const { openSqlite } = await import('${new URL('../../../../src/adapters/persistence/sqlite/database.ts', import.meta.url).href}');
        const db = openSqlite({ file: '${database}', readOnly: true });
        await db('messages').select();
        console.log('looks');
        setTimeout(() => db.destroy(), 100);`;
      const looking = spawn(process.execPath, ['--input-type=module', '-e', script]);
      await once(looking.stdout, 'data');
      expect(() => {
        requireUnused(database);
      }).not.toThrow();
      await once(looking, 'close');
    });
  });

  it('is refused when a service starts at the last instant, before no other process can', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'app.db', OLD);
      let service: SqliteFile.Database | undefined;
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own below
      const { exec } = SqliteFile.prototype;
      const spy = jest.spyOn(SqliteFile.prototype, 'exec').mockImplementation(function (this: never, sql) {
        if (sql === 'begin exclusive' && service === undefined) {
          service = new SqliteFile(database);
          service.pragma('journal_mode = wal');
        }
        return exec.call(this, sql);
      });
      expect(() => {
        replaceDatabase(database, folder.file('next.db'), folder.file('aside.db'));
      }).toThrow('another process has the database open');
      spy.mockRestore();
      service?.close();
      expect(await held(url(database))).toEqual(OLD);
    });
  });

  it('replaces a file that is no longer a database, and a log without a database', async () => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder);
      writeFileSync(folder.file('app.db'), 'x'.repeat(10_000));
      writeFileSync(folder.file('app.db-wal'), 'of another state');
      const { keptAs } = await restoreSqlite(folder.file('app.db'), backup, true, work());
      expect(readFileSync(`${keptAs ?? ''}-wal`, 'utf8')).toBe('of another state');
      expect(existsSync(folder.file('app.db-wal'))).toBe(false);
      expect(await held(url(folder.file('app.db')))).toEqual(manyMessages(30));

      writeFileSync(folder.file('lone.db-wal'), 'of another state');
      await expect(restoreSqlite(folder.file('lone.db'), backup, false, work())).rejects.toThrow('use --force');
      await restoreSqlite(folder.file('lone.db'), backup, true, work());
      expect(await held(url(folder.file('lone.db')))).toEqual(manyMessages(30));
    });
  });

  it('through a link replaces the database that it leads to, on the disk of that database', async () => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder);
      const database = await databaseOf(folder, 'large-disk/app.db', OLD);
      symlinkSync(database, folder.file('app.db'));
      const { keptAs } = await restoreSqlite(folder.file('app.db'), backup, true, work());
      expect(path.dirname(keptAs ?? '')).toBe(path.dirname(database));
      expect(await held(url(database))).toEqual(manyMessages(30));
      expect(await held(url(keptAs ?? ''))).toEqual(OLD);
      expect(realpathSync(folder.file('app.db'))).toBe(database);
    });
  });

  it('migrates a backup of an older version to the current schema', async () => {
    await inFolder(async (folder) => {
      const source = await databaseOf(folder, 'source.db', manyMessages(30));
      const names = await migrating(source, async (db) => {
        const last = await db('knex_migrations').orderBy('name', 'desc').first<{ id: number }>('id');
        await db('knex_migrations').where({ id: last.id }).update({ batch: 2 });
        return migrateRollback(db);
      });
      expect(names).toHaveLength(1);
      await backUpSqlite(source, folder.file('backup.db'), work());
      const result = await restoreSqlite(folder.file('app.db'), folder.file('backup.db'), false, work());
      expect(result).toMatchObject({ rows: 30, migrated: names, wrongCounters: [] });
      expect(await migrating(folder.file('app.db'), migrateLatest)).toEqual([]);
      expect(await held(url(folder.file('app.db')))).toEqual(manyMessages(30));
    });
  });

  it('accepts a backup of a newer version that only added to the schema, so that operators can downgrade', async () => {
    await inFolder(async (folder) => {
      const source = await databaseOf(folder, 'source.db', manyMessages(3));
      await on(url(source), ({ db }) => db('knex_migrations').insert({ name: '99999999999999_future', batch: 9 }));
      await backUpSqlite(source, folder.file('backup.db'), work());
      expect(await restoreSqlite(folder.file('app.db'), folder.file('backup.db'), false, work())).toMatchObject({
        ...{ rows: 3, migrated: [], wrongCounters: [] },
      });
    });
  });

  it('recounts when the counters of the backup are wrong', async () => {
    await inFolder(async (folder) => {
      const source = await databaseOf(folder, 'source.db', manyMessages(3));
      await on(url(source), async ({ db, deriveNext }) => {
        await deriveNext(100);
        await db('sender_counts').update({ messages: 7 });
      });
      await backUpSqlite(source, folder.file('backup.db'), work());
      expect(await restoreSqlite(folder.file('app.db'), folder.file('backup.db'), false, work())).toMatchObject({
        wrongCounters: ['sender_counts'],
      });
      await on(url(folder.file('app.db')), async ({ db }) => {
        expect(await db('sender_counts').max('messages as most')).toEqual([{ most: 1n }]);
      });
    });
  });

  it.each<[string, (file: string) => Promise<void> | void, string]>([
    [
      'a newer version that changed what this one needs',
      async (file) => {
        const db = openSqlite({ file });
        await db('knex_migrations').insert({ name: '99999999999999_breaking_future', batch: 9 });
        await db.destroy();
      },
      'a newer version made it (99999999999999_breaking_future)',
    ],
    [
      'another program',
      (file) => {
        const db = new SqliteFile(file);
        db.pragma('application_id = 7');
        db.close();
      },
      'it is not a database of this service',
    ],
    [
      'a copy that was cut off',
      (file) => {
        const handle = openSync(file, 'r+');
        ftruncateSync(handle, 4096 * 5);
        closeSync(handle);
      },
      'it is damaged',
    ],
    [
      'a copy of files in use',
      (file) => {
        writeFileSync(`${file}-wal`, 'what was stored last');
      },
      'a database in use and no backup',
    ],
  ])('rejects a backup of %s and changes nothing', async (_what, spoil, reason) => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder);
      const database = await databaseOf(folder, 'app.db', OLD);
      await spoil(backup);
      const before = filesOf(folder);
      await expect(restoreSqlite(database, backup, true, work())).rejects.toThrow(reason);
      expect(filesOf(folder)).toEqual(before);
      expect(await held(url(database))).toEqual(OLD);
    });
  });

  it('rejects the name of a link that leads to files in use: the log is beside the file, not beside the link', async () => {
    await inFolder(async (folder) => {
      writeFileSync(`${await databaseOf(folder, 'elsewhere/live.db', OLD)}-wal`, 'what was stored last');
      symlinkSync('elsewhere/live.db', folder.file('link.db'));
      await expect(restoreSqlite(folder.file('app.db'), folder.file('link.db'), false, work())).rejects.toThrow(
        'a database in use and no backup',
      );
    });
  });

  it.each([
    ['a file that is not there', 'nothing.db', 64, 'nothing.db is not there'],
    ['a folder', 'folder', 1, 'folder cannot be read: EISDIR'],
    ['an export', 'export.ndjson', 1, 'it is not a backup; what "export" wrote goes to "import"'],
    ['a dump of PostgreSQL', 'pg.dump', 1, 'it is a backup of PostgreSQL, which DATABASE_URL is not'],
  ])('rejects %s', async (_what, file, status, reason) => {
    await inFolder(async (folder) => {
      writeFileSync(folder.file('export.ndjson'), '{"kind":"export"}\n');
      writeFileSync(folder.file('pg.dump'), 'PGDMP and so on');
      await databaseOf(folder, 'folder/some.db', []);
      const { code, stderr } = await node(folder.path, [CLI, 'restore', file], { DATABASE_URL: 'sqlite:///./app.db' });
      expect(code).toBe(status);
      expect(stderr).toContain(reason);
      expect(existsSync(folder.file('app.db'))).toBe(false);
    });
  });

  it('keeps the old database when there is no room for the migration', async () => {
    await inFolder(async (folder) => {
      const source = await databaseOf(folder, 'source.db', manyMessages(30));
      await migrating(source, async (db) => {
        await db('knex_migrations').where('name', '>', '20261126').update({ batch: 2 });
        await migrateRollback(db);
        await db.raw('vacuum'); // no page is free
      });
      await backUpSqlite(source, folder.file('backup.db'), work());
      await databaseOf(folder, 'app.db', OLD);
      const before = filesOf(folder);
      // The migrated data fits into the log, but not from there into the file.
      const blocks = String(statSync(folder.file('backup.db')).size / 512);
      const limited = [
        '-c',
        'ulimit -f "$0"; exec "$@"',
        blocks,
        process.execPath,
        CLI,
        'restore',
        'backup.db',
        '--force',
      ];
      const environment = { cwd: folder.path, env: { DATABASE_URL: 'sqlite:///./app.db' } };
      const { status, stdout } = spawnSync('sh', limited, { ...environment, encoding: 'utf8' });
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(filesOf(folder)).toEqual(before);
      expect(await held(url(folder.file('app.db')))).toEqual(OLD);
    });
  });

  it('ignores the log that a killed restore left behind', async () => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder);
      copyFileSync(backup, folder.file('killed.db'));
      const killed = new SqliteFile(folder.file('killed.db'));
      killed.pragma('journal_mode = wal');
      killed.exec("update messages set text = 'of the one that was killed'");
      for (const suffix of ['', '-wal', '-shm']) {
        copyFileSync(folder.file(`killed.db${suffix}`), folder.file(`app.db.restored.partial${suffix}`));
      }
      killed.close();
      await restoreSqlite(folder.file('app.db'), backup, false, work());
      expect(await held(url(folder.file('app.db')))).toEqual(await held(url(backup)));
      expect(filesOf(folder).filter((name) => name.includes('partial'))).toEqual([]);
    });
  });

  it('leaves the old database and nothing else when it is stopped half-way', async () => {
    await inFolder(async (folder) => {
      const backup = await backupOf(folder, heavyMessages(20));
      const database = await databaseOf(folder, 'app.db', OLD);
      const before = filesOf(folder);
      for (const phase of ['copying', 'checking']) {
        const stop = new AbortController();
        const onProgress = (now: string): void => {
          if (now === phase) stop.abort(new Error('stopped here'));
        };
        await expect(
          restoreSqlite(database, backup, true, work({ signal: stop.signal, onProgress })),
        ).rejects.toThrow();
        expect(filesOf(folder)).toEqual(before);
      }
      expect(await held(url(database))).toEqual(OLD);
    });
  });
});
