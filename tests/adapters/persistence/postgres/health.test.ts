import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import {
  pooledMessageRepository,
  type PooledMessageRepository,
} from '../../../../src/adapters/persistence/postgres/store.ts';
import { StoreUnavailable, type StoreHealth } from '../../../../src/application/ports/store.ts';
import { until } from '../../../support/connection.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { message } from '../contract/repository-fixtures.ts';

const OK: StoreHealth = { database: 'ok', schema: 'ok' };

/** Changes by an operator, a failover or another replica while the service runs. */
describe('the health of a PostgreSQL database', () => {
  let owner: Knex;
  let name = '';
  let close: () => Promise<void>;
  let repository: PooledMessageRepository;

  beforeAll(async () => {
    const database = await openTestPostgres();
    ({ db: owner, close } = database);
    name = new URL(database.url).pathname.slice(1);
    repository = pooledMessageRepository({
      ...{ url: database.url, poolSize: 2, maxCommits: 1, readTimeoutMs: 5_000, maxQueuedReads: 10 },
    });
    await repository.add([message('before')]);
    await repository.caughtUp();
  });
  afterAll(async () => {
    await repository.close();
    await close();
  });

  /** Takes effect with the next connection; existing connections are closed. */
  async function readOnly(on: boolean): Promise<void> {
    await owner.raw(`alter database ${name} set default_transaction_read_only = ${on ? 'on' : 'off'}`);
    await owner.raw(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = ? and pid <> pg_backend_pid()',
      [name],
    );
  }

  /** Resolves when the pool has noticed its closed connections: until then it may use any of them. */
  const comesTo = (expected: StoreHealth): Promise<void> =>
    until(async () => isDeepStrictEqual(await repository.health(), expected));

  it('is `unwritable` while it is read-only, and recovers by itself', async () => {
    await readOnly(true);
    await expect(repository.add([message('refused')])).rejects.toThrow(StoreUnavailable);
    await comesTo({ database: 'unwritable', schema: 'ok' });
    expect((await repository.stats()).totalMessages).toBe(1);
    await readOnly(false);
    await comesTo(OK);
    await until(() =>
      repository.add([message('after')]).then(
        () => true,
        () => false,
      ),
    );
  });

  it('is `ok` if another session is writing the row that the check tries', async () => {
    await readOnly(true);
    await expect(repository.add([message('refused')])).rejects.toThrow(StoreUnavailable);
    await readOnly(false);
    await owner.transaction(async (transaction) => {
      await transaction.raw('select * from message_totals for update');
      await comesTo(OK);
    });
  });
});
