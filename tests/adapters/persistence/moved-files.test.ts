import { copyFileSync, existsSync, renameSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  threadedMessageRepository,
  type ThreadedMessageRepository,
} from '../../../src/adapters/persistence/sqlite/threaded-message-repository.ts';
import { openSqlite } from '../../../src/adapters/persistence/sqlite/database.ts';
import { sqliteMessageRepository } from '../../../src/adapters/persistence/sqlite/message-repository.ts';
import { StoreUnavailable } from '../../../src/application/ports.ts';
import { openTestDatabase, type TestDatabase } from '../../support/sqlite.ts';
import { everyMessage, message } from './repository-fixtures.ts';

/** What SQLite itself does not notice: the service would go on with files that no name leads to. */
describe('files that are taken from under a running service', () => {
  let database: TestDatabase;
  let repository: ThreadedMessageRepository;
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
  });

  it('make every call fail until they are back, and then hold all that was acknowledged', async () => {
    for (const file of files()) renameSync(file, `${file}.away`);
    await expect(repository.add([message('lost')])).rejects.toThrow(StoreUnavailable);
    await expect(repository.add([message('lost')])).rejects.toThrow(StoreUnavailable);
    await expect(ids()).rejects.toThrow(StoreUnavailable);
    expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    expect(existsSync(database.file)).toBe(false); // an empty one would hide that it is gone
    for (const file of files().reverse()) renameSync(`${file}.away`, file);
    expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after', 'before']);
  });

  it('are noticed when they go while a message is stored: it is not acknowledged', async () => {
    // Before the commit, but after the look that comes first: nothing else tells this from a message that was stored.
    const adding = repository.add(Array.from({ length: 20_000 }, (_, i) => message(`m${String(i)}`)));
    for (const file of files()) rmSync(file);
    await expect(adding).rejects.toThrow(StoreUnavailable);
  });

  it('may be replaced by others, which are then read and written', async () => {
    const backup = await openTestDatabase();
    await backup.db.destroy();
    for (const file of files()) rmSync(file);
    copyFileSync(backup.file, `${database.file}.new`);
    renameSync(`${database.file}.new`, database.file);
    expect(await ids()).toEqual([]);
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after']);
    await backup.close();
  });

  it('lose nothing when only the log is deleted, and take nothing until the service was started again', async () => {
    rmSync(`${database.file}-wal`);
    await expect(repository.add([message('refused')])).rejects.toThrow('its log was moved or deleted');
    expect(await ids()).toEqual(['before']);
    expect(await repository.health()).toEqual({ database: 'unwritable', schema: 'ok' });
    // As a process that is killed now leaves it: without what only the deleted log had.
    copyFileSync(database.file, `${database.file}.copy`);
    const copy = openSqlite({ file: `${database.file}.copy` });
    expect(await everyMessage(sqliteMessageRepository(copy))).toMatchObject([{ messageId: 'before' }]);
    await copy.destroy();
    await repository.close();
    repository = start(database.file);
    await repository.add([message('after')]);
    expect(await ids()).toEqual(['after', 'before']);
  });
});
