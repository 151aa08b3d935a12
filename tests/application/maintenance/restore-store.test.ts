import { describe, expect, it } from '@jest/globals';
import { RestoreStore } from '../../../src/application/maintenance/restore-store.ts';
import { UnusableBackup, type BackupKind, type RestoredContent } from '../../../src/application/ports/backup.ts';
import { recordedWork } from '../../support/maintenance-fakes.ts';

const CONTENT: RestoredContent = {
  rows: 1,
  first: null,
  last: null,
  migrated: [],
  wrongCounters: [],
  keptAs: 'a.db.before-restore-1',
};

/** A store of SQLite and a file of this kind. */
function restoring(kind: BackupKind | null, fault?: Error) {
  const restored: unknown[] = [];
  const store = new RestoreStore({
    kind: 'sqlite',
    kindOf: () => kind,
    restore(file, replace) {
      restored.push([file, replace]);
      return fault === undefined ? Promise.resolve(CONTENT) : Promise.reject(fault);
    },
  });
  return { restored, run: () => store.execute('b.db', true, recordedWork()) };
}

describe('RestoreStore', () => {
  it('restores a backup of the kind that the store accepts', async () => {
    const { restored, run } = restoring('sqlite');
    expect(await run()).toEqual(CONTENT);
    expect(restored).toEqual([['b.db', true]]);
  });

  it.each([
    [null, 'b.db is not restored: it is not a backup'],
    ['postgres' as const, 'b.db is not restored: it is a backup of PostgreSQL, which DATABASE_URL is not'],
  ])('does not touch the store for a file of kind %s', async (kind, message) => {
    const { restored, run } = restoring(kind);
    await expect(run()).rejects.toThrow(message);
    expect(restored).toEqual([]);
  });

  it('says which file is unusable, and passes other faults on', async () => {
    const unusable = restoring('sqlite', new UnusableBackup('a page is damaged'));
    await expect(unusable.run()).rejects.toThrow('b.db is not restored: a page is damaged');
    const fault = new Error('no space is left');
    await expect(restoring('sqlite', fault).run()).rejects.toBe(fault);
  });
});
