import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  threadedMessageRepository,
  type ThreadedMessageRepository,
} from '../../../../src/adapters/persistence/sqlite/store.ts';
import Database from 'better-sqlite3';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { openTestDatabase, type TestDatabase } from '../../../support/sqlite.ts';
import { everyMessage, message } from '../contract/repository-fixtures.ts';

/** SQLite does not notice it: the service would continue with files that no path leads to. */
describe('files that are deleted, moved or replaced while the service runs', () => {
  let database: TestDatabase;
  let repository: ThreadedMessageRepository;
  const others: TestDatabase[] = [];
  const files = (): string[] => ['', '-wal', '-shm'].map((suffix) => database.file + suffix);
  const ids = async (): Promise<string[]> => (await everyMessage(repository)).map(({ messageId }) => messageId);

  const start = (file: string): ThreadedMessageRepository =>
    threadedMessageRepository({ file, readTimeoutMs: 20_000, maxQueuedReads: 100, readThreads: 1 });

  beforeEach(async () => {
    database = await openTestDatabase();
    await database.db.destroy();
    repository = start(database.file);
    await repository.add([message('before')]);
    await repository.caughtUp();
    expect(await ids()).toEqual(['before']);
  });
  afterEach(async () => {
    await repository.close();
    await database.close();
    for (const other of others.splice(0)) await other.close();
  });

  it('make every call fail until they are put back, with everything that was acknowledged', async () => {
    for (const file of files()) renameSync(file, `${file}.away`);
    await expect(repository.add([message('lost')])).rejects.toThrow(StoreUnavailable);
    await expect(repository.add([message('lost')])).rejects.toThrow(StoreUnavailable);
    await expect(ids()).rejects.toThrow(StoreUnavailable);
    expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    expect(existsSync(database.file)).toBe(false); // an empty database would hide the loss
    for (const file of files().reverse()) renameSync(`${file}.away`, file);
    expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after', 'before']);
  });

  it('are noticed if they disappear during a commit, which is then not acknowledged', async () => {
    // After the check before the commit: only the check after it can notice this.
    const adding = repository.add(Array.from({ length: 20_000 }, (_, i) => message(`m${String(i)}`)));
    for (const file of files()) rmSync(file);
    await expect(adding).rejects.toThrow(StoreUnavailable);
  });

  it('stay open until others replace them, whatever is called', async () => {
    for (const file of files()) renameSync(file, `${file}.away`);
    for (let i = 0; i < 3; i++) {
      expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
      await expect(ids()).rejects.toThrow('put it back');
    }
    // Linux: the only way to acknowledged messages if the files are deleted, not only moved.
    const open = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // the descriptor of the listing itself
      }
    });
    for (const file of files()) expect(open).toContain(`${file}.away`);
    for (const file of files().reverse()) renameSync(`${file}.away`, file);
    expect(await ids()).toEqual(['before']);
  });

  it('can be replaced by others, which are then read and written', async () => {
    const backup = await emptyDatabase();
    for (const file of files()) rmSync(file);
    copyFileSync(backup, `${database.file}.new`);
    renameSync(`${database.file}.new`, database.file);
    expect(await ids()).toEqual([]);
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after']);
  });

  it('are never mixed: another database with the log of this one is neither read nor written', async () => {
    copyFileSync(await emptyDatabase(), `${database.file}.new`);
    renameSync(database.file, `${database.file}.away`);
    renameSync(`${database.file}.new`, database.file);
    await expect(repository.add([message('mixed')])).rejects.toThrow('the log belongs to another database');
    await expect(ids()).rejects.toThrow('the log belongs to another database');
    expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    for (const log of files().slice(1)) renameSync(log, `${log}.away`);
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after']);
  });

  describe('when all pages but the first are damaged', () => {
    let good: Buffer;
    beforeEach(async () => {
      await repository.close();
      const last = new Database(database.file);
      last.pragma('wal_checkpoint(truncate)');
      last.close();
      good = readFileSync(database.file);
      writeFileSync(database.file, Buffer.from(good).fill(0, 4_096));
      repository = start(database.file);
      await expect(repository.add([message('refused')])).rejects.toThrow('SQLITE_CORRUPT');
    });

    it('are reopened after a repair, even if only the health is checked', async () => {
      expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
      writeFileSync(database.file, good);
      expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
      await repository.add([message('after')]);
      expect(await ids()).toEqual(['after', 'before']);
    });

    it('keep a restored backup apart from their log', async () => {
      const other = new Database(database.file, { readonly: true });
      other.pragma('schema_version'); // keeps SQLite from deleting the log
      await expect(repository.add([message('refused')])).rejects.toThrow('SQLITE_CORRUPT');
      writeFileSync(`${database.file}.backup`, good);
      renameSync(`${database.file}.backup`, database.file);
      await expect(repository.add([message('mixed')])).rejects.toThrow('the log belongs to another database');
      other.close();
      for (const log of files().slice(1)) rmSync(log, { force: true });
      await repository.add([message('after')]);
      expect(await ids()).toEqual(['after', 'before']);
    });
  });

  describe('when only the log is deleted', () => {
    /** The content of the database without its log, as a process that is killed now leaves it. */
    async function alone(): Promise<string[]> {
      copyFileSync(database.file, `${database.file}.copy`);
      const copy = openSqlite({ file: `${database.file}.copy` });
      const messages = await everyMessage(sqliteMessageRepository(copy));
      await copy.destroy();
      return messages.map(({ messageId }) => messageId);
    }

    it('reject writes until the service is restarted, and lose nothing', async () => {
      rmSync(`${database.file}-wal`);
      await expect(repository.add([message('refused')])).rejects.toThrow('restart the service');
      expect(await ids()).toEqual(['before']);
      expect(await alone()).toEqual(['before']);
      await repository.close();
      repository = start(database.file);
      await repository.add([message('after')]);
      expect(await ids()).toEqual(['after', 'before']);
    });

    it('lose nothing if only the health is checked', async () => {
      rmSync(`${database.file}-wal`);
      expect(await repository.health()).toEqual({ database: 'unwritable', schema: 'ok' });
      expect(await alone()).toEqual(['before']);
    });

    it('lose nothing if the service is stopped immediately', async () => {
      rmSync(`${database.file}-wal`);
      await repository.close();
      expect(await alone()).toEqual(['before']);
      repository = start(database.file);
    });

    it('warn against stopping while another process reads an older snapshot', async () => {
      const reader = new Database(database.file, { readonly: true });
      reader.exec('begin');
      reader.prepare('select count(*) from messages').get();
      await repository.add([message('after')]);
      rmSync(`${database.file}-wal`);
      await expect(repository.add([message('refused')])).rejects.toThrow('do not stop the service');
      await expect(repository.close()).rejects.toThrow('could not be moved into the database');
      reader.close();
      await repository.close();
      expect(await alone()).toEqual(['after', 'before']);
      repository = start(database.file);
    });
  });

  async function emptyDatabase(): Promise<string> {
    const other = await openTestDatabase();
    await other.db.destroy();
    others.push(other);
    return other.file;
  }
});
