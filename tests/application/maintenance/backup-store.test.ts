import { describe, expect, it } from '@jest/globals';
import { BackupStore, isSound } from '../../../src/application/maintenance/backup-store.ts';
import { UnusableBackup, type BackupContent } from '../../../src/application/ports/backup.ts';
import { recordedFiles, recordedWork } from '../../support/maintenance-fakes.ts';

const CONTENT: BackupContent = { rows: 3, first: null, last: null, wrongCounters: [] };

function backingUp(writeTo: (file: string) => Promise<BackupContent>) {
  const files = recordedFiles();
  return { files, backup: new BackupStore({ writeTo }, files), work: recordedWork() };
}

describe('BackupStore', () => {
  it('writes a partial file, digests it and gives it its name', async () => {
    const written: string[] = [];
    const { files, backup, work } = backingUp((file) => {
      written.push(file);
      return Promise.resolve(CONTENT);
    });
    const bytes = 'a.db.partial'.length;
    expect(await backup.execute('a.db', true, work)).toEqual({ ...CONTENT, file: 'a.db', bytes, sha256: 'abc' });
    expect(written).toEqual(['a.db.partial']);
    expect(files.calls).toEqual(['opened a.db to replace it', 'finished a.db']);
  });

  it('leaves no file after a failure, and reports it in the words of the file system', async () => {
    const { files, backup, work } = backingUp(() => Promise.reject(new Error('disk full')));
    await expect(backup.execute('a.db', false, work)).rejects.toThrow('explained: disk full');
    expect(files.calls).toEqual(['opened a.db', 'discarded a.db']);
  });

  it('leaves no file if the copy is damaged, and says so', async () => {
    const { files, backup, work } = backingUp(() => Promise.reject(new UnusableBackup('a page is damaged')));
    await expect(backup.execute('a.db', false, work)).rejects.toThrow('the copy was not usable: a page is damaged');
    expect(files.calls).toEqual(['opened a.db', 'discarded a.db']);
  });

  it('leaves no file if it is stopped after the last step', async () => {
    const { files, backup, work } = backingUp(() => {
      work.stop();
      return Promise.resolve(CONTENT);
    });
    await expect(backup.execute('a.db', false, work)).rejects.toThrow('stopped');
    expect(files.calls).toEqual(['opened a.db', 'discarded a.db']);
  });
});

describe('isSound', () => {
  it.each([
    [[], true],
    [null, true],
    [['message_totals'], false],
  ])('of wrong counters %j is %s', (wrongCounters, sound) => {
    expect(isSound({ wrongCounters })).toBe(sound);
  });
});
