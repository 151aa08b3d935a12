import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { backUpSqlite } from '../../../../src/adapters/persistence/sqlite/backup/backup.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { explainingSpace } from '../../../../src/adapters/files/full-disk.ts';
import { CLI, node } from '../../persistence/schema/node-process.ts';
import { manyMessages, message } from '../../persistence/contract/repository-fixtures.ts';
import { commandLine, signalledAt } from '../../../support/command-line.ts';
import { held, on } from '../../../support/stores.ts';
import { databaseOf, filesOf, heavyMessages, inFolder, url, work } from './sqlite-fixtures.ts';

const run = (folder: string, database: string, ...args: string[]) =>
  node(folder, [CLI, 'backup', ...args], { DATABASE_URL: url(database) });

describe('webhook-inbox backup of SQLite', () => {
  it('writes one file that only its owner may read, and reports its content', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', manyMessages(50));
      const { code, stdout, stderr } = await run(folder.path, database, 'copy.db', '--json');
      expect({ code, stderr }).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/^copying .*\nchecking 0\/3\n/),
      });
      const bytes = readFileSync(folder.file('copy.db'));
      expect(JSON.parse(stdout)).toEqual({
        ok: true,
        file: 'copy.db',
        rows: 50,
        first: '2025-01-15T10:00:00Z',
        last: '2025-01-15T10:06:21.111073Z',
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        wrong_counters: [],
        seconds: expect.any(Number),
      });
      expect(statSync(folder.file('copy.db')).mode & 0o777).toBe(0o600);
      expect(filesOf(folder)).toEqual(['copy.db', 'source.db']);
      expect(await held(url(folder.file('copy.db')))).toEqual(manyMessages(50));
    });
  });

  it('prints text for people, too, and replaces a file only with --force', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', manyMessages(3));
      writeFileSync(folder.file('copy.db'), 'precious');
      expect(await run(folder.path, database, 'copy.db')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: 'copy.db is there already: name another file, or use --force\n',
      });
      expect(readFileSync(folder.file('copy.db'), 'utf8')).toBe('precious');
      writeFileSync(folder.file('copy.db.partial'), 'of a run that was killed');
      const { code, stdout } = await run(folder.path, database, 'copy.db', '--force');
      expect(code).toBe(0);
      expect(stdout).toMatch(
        /^file {6}copy\.db\nmessages {2}3, 2025-\S+ to 2025-\S+\nbytes {5}\d+\nSHA-256 {3}[0-9a-f]{64}\ncounters {2}ok\ntime {6}[0-9.]+ s\n$/,
      );
      expect(filesOf(folder)).toEqual(['copy.db', 'source.db']);
    });
  });

  it.each([
    ['backup', 'source.db'],
    ['backup', 'link.db'],
    ['export', './source.db'],
    ['backup', 'source.db-wal'],
    ['export', 'source.db-shm'],
  ])('%s --force does not replace the database that a service has open: %s', async (command, name) => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', manyMessages(3));
      symlinkSync(database, folder.file('link.db'));
      const { ino } = statSync(database);
      const { code, stderr } = await node(folder.path, [CLI, command, name, '--force'], {
        DATABASE_URL: url(database),
      });
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: `${name} is the database itself, or its log: name another file\n`,
      });
      expect(statSync(database).ino).toBe(ino);
      expect(filesOf(folder)).toEqual(['link.db', 'source.db']);
    });
  });

  it('copies one instant and finishes while other connections write between all of its steps', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', heavyMessages(20));
      const copy = folder.file('copy.db');
      let steps = 0;
      await on(url(database), async ({ add }) => {
        const writes: Promise<unknown>[] = [];
        const onProgress = (phase: string): void => {
          if (phase === 'copying') writes.push(add([message(`late ${String(steps++)}`)]));
          if (steps > 100) throw new Error('the backup restarts again and again');
        };
        expect(await backUpSqlite(database, copy, work({ onProgress }))).toMatchObject({ rows: 20, wrongCounters: [] });
        await Promise.all(writes);
      });
      expect(steps).toBeGreaterThan(4);
      expect(await held(url(copy))).toEqual(manyMessages(20));
      expect(await held(url(database))).toHaveLength(20 + steps);
    });
  });

  it.each(['copying', 'checking'])('leaves nothing behind when Ctrl-C stops it while %s', async (phase) => {
    const cli = commandLine();
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', heavyMessages(40));
      const copy = folder.file('copy.db');
      // The second is that of a terminal or a session that ends.
      const [signal, expected] = phase === 'copying' ? (['SIGINT', 130] as const) : (['SIGHUP', 129] as const);
      const environment = { DATABASE_URL: url(database), ...signalledAt(phase, signal) };
      const { status, stdout, stderr } = await cli.run(['backup', copy], environment);
      expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
      expect(stderr).toMatch(
        new RegExp(`(checking|copying) [^\\n]*\\nstopped by ${signal}; nothing is left behind\\n$`),
      );
      expect(filesOf(folder)).toEqual(['source.db']);
    });
    cli.remove();
  });

  it('fails on a damaged database and leaves nothing behind', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', heavyMessages(2));
      const handle = openSync(database, 'r+');
      writeSync(handle, Buffer.alloc(4096, 0xff), 0, 4096, 4096 * 2);
      closeSync(handle);
      const { code, stderr } = await run(folder.path, database, 'copy.db');
      expect({ code, stderr }).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/the copy was not usable: it is damaged/),
      });
      expect(filesOf(folder)).toEqual(['source.db']);
    });
  });

  it('reports wrong counters with status 1 and keeps the copy, because the messages are complete', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', manyMessages(3));
      await on(url(database), async ({ db, deriveNext }) => {
        await deriveNext(100);
        await db('message_totals').update({ messages: 7 });
      });
      const { code, stdout } = await run(folder.path, database, 'copy.db', '--json');
      expect([code, JSON.parse(stdout)]).toMatchObject([1, { ok: false, rows: 3, wrong_counters: ['message_totals'] }]);
    });
  });

  it('backs up an older schema, because operators back up before they migrate', async () => {
    await inFolder(async (folder) => {
      const database = await databaseOf(folder, 'source.db', manyMessages(3));
      const db = openSqlite({ file: database });
      await db('knex_migrations').where('name', 'like', '%_arrivals').delete();
      await db.destroy();
      const { code, stdout } = await run(folder.path, database, 'copy.db');
      expect(code).toBe(0);
      expect(stdout).toContain("counters  not checked: the schema is not this version's\n");
    });
  });

  it.each([
    ['no database', [], 'copy.db', 'the database file is not there'],
    ['no folder', manyMessages(1), 'nowhere/copy.db', 'nowhere is not there'],
    ['a partial file', manyMessages(1), 'left', 'left.partial is there: another run is writing it, or was killed'],
  ])('reports %s and makes no backup', async (_what, messages, file, reason) => {
    await inFolder(async (folder) => {
      if (messages.length > 0) await databaseOf(folder, 'source.db', messages);
      writeFileSync(folder.file('left.partial'), '');
      const before = filesOf(folder);
      const { code, stderr } = await run(folder.path, folder.file('source.db'), file);
      expect(code).toBe(1);
      expect(stderr).toContain(reason);
      expect(filesOf(folder)).toEqual(before);
    });
  });
});

describe('a full disk', () => {
  it.each([
    ['the system', Object.assign(new Error('write'), { code: 'ENOSPC' })],
    ['SQLite', Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })],
    ['pg_dump', new Error('pg_dump: error: could not write to file: No space left on device')],
  ])('has the same message wherever the error occurs: %s', (_who, error) => {
    expect(explainingSpace(error, '/backups/a.db')).toMatchObject({
      message: 'no space is left where /backups/a.db is to be: free some, or choose another disk',
      cause: error,
    });
  });

  it('is not reported for another error', () => {
    const other = new Error('something else');
    expect(explainingSpace(other, 'a.db')).toBe(other);
  });
});
