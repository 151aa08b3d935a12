import { describe, expect, it } from '@jest/globals';
import { withWriteHealth } from '../../../../src/adapters/persistence/ingest/write-health.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { StoreUnavailable, type StoreHealth } from '../../../../src/application/ports/store.ts';
import { message } from '../contract/repository-fixtures.ts';

const OK: StoreHealth = { database: 'ok', schema: 'ok' };

/** A store whose disk the test fills and frees. */
function store(health: () => Promise<StoreHealth> = () => Promise.resolve(OK)) {
  const disk = { full: false, fault: new StoreUnavailable('database: SQLITE_FULL') as Error };
  const asked = { writes: 0, health: 0 };
  const memory = inMemoryMessageRepository();
  const write = async <T>(work: () => Promise<T>): Promise<T> => {
    if (disk.full) throw disk.fault;
    return work();
  };
  const repository = withWriteHealth(
    {
      ...memory,
      add: (updates) => write(() => memory.add(updates)),
      health() {
        asked.health++;
        return health();
      },
    },
    {
      tryWrite() {
        asked.writes++;
        return write(() => Promise.resolve());
      },
      patienceMs: 5,
    },
  );
  return { repository, disk, asked };
}

describe('the health of a store whose writes fail', () => {
  it('is reported by the store and tries no write while writes succeed', async () => {
    const { repository, asked } = store();
    await repository.add([message('m1')]);
    expect(await repository.health()).toEqual(OK);
    expect(asked).toEqual({ writes: 0, health: 1 });
  });

  it('is `unwritable` until a tried write succeeds', async () => {
    const { repository, disk, asked } = store();
    disk.full = true;
    await expect(repository.add([message('m1')])).rejects.toThrow('SQLITE_FULL');
    expect(await repository.health()).toEqual({ database: 'unwritable', schema: 'ok' });
    expect(await repository.health()).toEqual({ database: 'unwritable', schema: 'ok' });
    disk.full = false;
    expect(await repository.health()).toEqual(OK);
    expect(await repository.health()).toEqual(OK);
    expect(asked.writes).toBe(3);
  });

  it('recovers after a message is stored', async () => {
    const { repository, disk, asked } = store();
    disk.full = true;
    await expect(repository.add([message('m1')])).rejects.toThrow('SQLITE_FULL');
    disk.full = false;
    await repository.add([message('m1')]);
    expect(await repository.health()).toEqual(OK);
    expect(asked.writes).toBe(0);
  });

  it('ignores a message that no store could accept', async () => {
    const { repository, disk, asked } = store();
    disk.full = true;
    disk.fault = new Error('a defect');
    await expect(repository.add([message('m1')])).rejects.toThrow('a defect');
    expect(await repository.health()).toEqual(OK);
    expect(asked.writes).toBe(0);
  });

  it('stays `unreachable` without trying a write', async () => {
    const gone: StoreHealth = { database: 'unreachable', schema: 'unknown' };
    const { repository, disk, asked } = store(() => Promise.resolve(gone));
    disk.full = true;
    await expect(repository.add([message('m1')])).rejects.toThrow('SQLITE_FULL');
    expect(await repository.health()).toEqual(gone);
    expect(asked.writes).toBe(0);
  });
});

describe('the health of a store that does not answer', () => {
  it('is `unreachable` after a timeout, with one query for all concurrent checks', async () => {
    const answer = Promise.withResolvers<StoreHealth>();
    const { repository, asked } = store(() => answer.promise);
    const unreachable = { database: 'unreachable', schema: 'unknown' };
    expect(await Promise.all([repository.health(), repository.health()])).toEqual([unreachable, unreachable]);
    expect(await repository.health()).toEqual(unreachable);
    expect(asked.health).toBe(1);
    answer.resolve(OK);
    await answer.promise;
    expect(await repository.health()).toEqual(OK);
  });
});
