import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFileSync, readdirSync } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import SqliteFile from 'better-sqlite3';
import { backUpSqlite } from '../../../../src/adapters/persistence/sqlite/backup/backup.ts';
import { exposureOf } from '../../../../src/adapters/persistence/sqlite/files/exposure.ts';
import { openCopySource, openCopyTarget } from '../../../../src/adapters/persistence/sqlite/maintenance.ts';
import { openSqlite } from '../../../../src/adapters/persistence/sqlite/database.ts';
import {
  threadedMessageRepository,
  type ThreadedMessageRepository,
} from '../../../../src/adapters/persistence/sqlite/store.ts';
import { addUpdates } from '../../../../src/adapters/persistence/sqlite/writes.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { recordingBackground, recordingLogger, type RecordingLogger } from '../../../support/fakes.ts';
import { recordedWork } from '../../../support/maintenance-fakes.ts';
import { temporaryFolder, writeNewestSchema, type TemporaryFolder } from '../../../support/sqlite.ts';
import { manyMessages, message } from '../contract/repository-fixtures.ts';

let folder: TemporaryFolder;
let file: string;
let logger: RecordingLogger;
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(folder.file('data'));
  file = folder.file('data/app.db');
  await writeNewestSchema(file);
  logger = recordingLogger();
});
afterEach(() => folder.remove());

const store = (): ThreadedMessageRepository =>
  threadedMessageRepository({
    file,
    readTimeoutMs: 20_000,
    maxQueuedReads: 100,
    readThreads: 2,
    background: recordingBackground(),
    logger,
  });

const filesLeft = (): string[] => readdirSync(path.dirname(file)).sort();

/** The number of messages in a copy of the database file alone. */
function messagesInFileAlone(): number {
  const alone = folder.file('alone.db');
  copyFileSync(file, alone);
  const connection = new SqliteFile(alone);
  const { rows } = connection.prepare<[], { rows: number }>('select count(*) as rows from messages').get() ?? {
    rows: -1,
  };
  connection.close();
  return rows;
}

describe('closing the store', () => {
  it.each([0, 1, 20])('leaves one file with every message after %d reads', async (reads) => {
    const repository = store();
    await repository.add(manyMessages(300));
    await Promise.all(Array.from({ length: reads }, () => repository.stats()));
    await repository.close();
    expect(filesLeft()).toEqual(['app.db']);
    expect(messagesInFileAlone()).toBe(300);
    expect(logger.lines).toEqual([]);
  });

  it('makes the file whole even if another process has it open', async () => {
    const repository = store();
    await repository.add(manyMessages(10));
    const other = new SqliteFile(file, { readonly: true });
    other.prepare('select count(*) from messages').get();
    await repository.close();
    expect(messagesInFileAlone()).toBe(10);
    expect(logger.lines).toEqual([]);
    other.close();
  });

  it('says so if another process prevents that, and the next to close makes up for it', async () => {
    const repository = store();
    await repository.add(manyMessages(10));
    const other = openSqlite({ file, readOnly: true, closesLog: true });
    await other.raw('begin');
    await other.raw('select count(*) from messages'); // a snapshot, which checkpoints must keep
    await repository.add([message('later')]);
    await repository.close();
    expect(logger.lines.map(({ level, message: text }) => [level, text])).toEqual([
      ['warn', 'the latest messages are only in the log of the database: keep the -wal file beside it'],
    ]);
    await other.raw('rollback');
    await other.destroy();
    expect(filesLeft()).toEqual(['app.db']);
    expect(messagesInFileAlone()).toBe(11);
  });

  it('waits for no lock once the signal aborts, and rejects what waits', async () => {
    const repository = store();
    await repository.caughtUp();
    const other = new SqliteFile(file);
    other.exec('begin immediate');
    const waiting = [repository.add([message('a')]), repository.add([message('b')])];
    const rejected = Promise.all(waiting.map((add) => expect(add).rejects.toBeInstanceOf(StoreUnavailable)));
    const began = performance.now();
    await repository.close(AbortSignal.timeout(100));
    expect(performance.now() - began).toBeLessThan(2_000); // a lock is waited for up to 5 s
    await rejected;
    other.exec('rollback');
    other.close();
  });

  it('ends reads that are in progress', async () => {
    const repository = store();
    await repository.add(Array.from({ length: 400 }, (_, i) => message(String(i), { text: 'é'.repeat(4_000) })));
    const reads = Array.from({ length: 8 }, () => repository.list({ contains: 'zq' }, { offset: 0 }, 1));
    const ended = Promise.allSettled(reads);
    await repository.close();
    for (const outcome of await ended) {
      if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StoreUnavailable);
    }
    expect(filesLeft()).toEqual(['app.db']);
  });
});

describe('a command', () => {
  beforeEach(async () => {
    const repository = store();
    await repository.add(manyMessages(10));
    await repository.close();
  });

  it('that reads leaves only the file', async () => {
    const source = openCopySource(file);
    expect(await source.db('messages').count({ rows: '*' })).toEqual([{ rows: 10n }]);
    await expect(source.db('messages').delete()).rejects.toThrow('readonly');
    await source.db.destroy();
    expect(filesLeft()).toEqual(['app.db']);
  });

  it('that makes a backup leaves only the file', async () => {
    const target = folder.file('backup.db');
    expect(await backUpSqlite(file, target, recordedWork())).toMatchObject({ rows: 10 });
    expect(filesLeft()).toEqual(['app.db']);
  });

  it('reads a file that it may not write', async () => {
    await chmod(file, 0o400);
    const source = openCopySource(file);
    expect(await source.db('messages').count({ rows: '*' })).toEqual([{ rows: 10n }]);
    await source.db.destroy();
  });
});

describe('the files', () => {
  const modeOf = async (name: string): Promise<string> => ((await stat(name)).mode & 0o777).toString(8);

  it('are for their owner only, whatever the umask is', async () => {
    const old = process.umask(0o022);
    try {
      file = folder.file('some/new/app.db');
      const { db, add } = await openCopyTarget(file);
      await add([message('a')]);
      const modes = await Promise.all(['', '-wal', '-shm'].map((suffix) => modeOf(file + suffix)));
      await db.destroy();
      expect(modes).toEqual(['600', '600', '600']);
      expect([await modeOf(folder.file('some')), await modeOf(folder.file('some/new'))]).toEqual(['700', '700']);
    } finally {
      process.umask(old);
    }
  });

  it('are reported at start if everybody can read them', async () => {
    await chmod(folder.path, 0o755);
    await chmod(path.dirname(file), 0o755);
    await chmod(file, 0o644);
    const repository = store();
    await repository.close();
    expect(logger.lines.map(({ level, message: text }) => [level, text.slice(0, 47)])).toEqual([
      ['warn', 'everybody on this machine can read the database'],
    ]);
  });

  it('keep the mode that an operator gave them', async () => {
    await chmod(file, 0o640);
    const repository = store();
    await repository.add([message('a')]);
    expect(await modeOf(`${file}-wal`)).toBe('640');
    await repository.close();
    expect(await modeOf(file)).toBe('640');
  });

  it.each([
    ['600', '755', null],
    ['644', '755', 'everybody'],
    ['644', '700', null],
    ['644', '750', 'group'],
    ['640', '750', 'group'],
    ['640', '700', null],
    ['602', '711', 'everybody'],
  ])('of mode %s in a folder of mode %s are exposed to %s', async (mode, folderMode, to) => {
    await chmod(folder.path, 0o755);
    await chmod(file, parseInt(mode, 8));
    await chmod(path.dirname(file), parseInt(folderMode, 8));
    expect(exposureOf(file)).toBe(to);
  });
});

describe('the connection of ingest', () => {
  it('stores nothing in a transaction that was left open, and works afterwards', () => {
    const connection = new SqliteFile(file);
    connection.exec('begin');
    expect(() => addUpdates(connection, [message('a')])).toThrow('the connection was in a transaction');
    expect(addUpdates(connection, [message('a')])).toEqual(['created']);
    connection.close();
  });

  it('rejects nothing because of a step whose commit failed', async () => {
    const repository = store();
    await repository.add(manyMessages(3));
    await repository.caughtUp();
    const other = new SqliteFile(file);
    other.exec("create trigger refuse before insert on rejections begin select raise(abort, 'refused'); end");
    other.close();
    await expect(
      repository.rejections.add([{ receivedAt: 0n } as never], { maxRows: 1, notBefore: 0n as never }),
    ).rejects.toThrow();
    expect(await repository.add([message('later')])).toEqual(['created']);
    await repository.close();
    expect(messagesInFileAlone()).toBe(4);
  });
});
