import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { groupCommit, type GroupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { openPostgres } from '../../../../src/adapters/persistence/postgres/database.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import {
  pooledMessageRepository,
  type PooledMessageRepository,
} from '../../../../src/adapters/persistence/postgres/store.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { OutcomesUnknown, StoreContended } from '../../../../src/application/ports/store.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import type { NewMessage, StatusUpdate } from '../../../../src/domain/update.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { emptyTables, openTestPostgres } from '../../../support/postgres.ts';
import { troubledNetwork, type TroubledNetwork } from '../../../support/troubled-network.ts';
import { everyMessage, message, micros } from '../contract/repository-fixtures.ts';

let url: string;
let other: Knex;
let network: TroubledNetwork;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await openTestPostgres();
  ({ url, db: other } = database);
  network = await troubledNetwork(url);
  close = async () => {
    await network.close();
    await database.close();
  };
});
beforeEach(() => emptyTables(other));
afterAll(() => close());

describe('A key that another session has locked', () => {
  const letters = Array.from('abcdefghij');
  let store: PooledMessageRepository;
  let repository: GroupCommit;
  beforeAll(() => {
    store = pooledMessageRepository({ url, poolSize: 2, maxCommits: 2, readTimeoutMs: 60_000, maxQueuedReads: 10 });
    const limits = { maxGroup: 100, maxQueued: 1_000, maxCommits: 2 };
    repository = groupCommit(store, { ...limits, metrics: recordingMetrics(), tracer: NO_TRACING });
  });
  afterAll(() => store.close());

  const statusOf = (one: string): StatusUpdate => ({ ...message(one), kind: 'status', state: 'sent', at: micros(1) });

  it.each([
    ['message', 'created', (one: string) => message(one)],
    ['status', 'status_updated', statusOf],
    ['status that was stored before', 'status_updated', statusOf],
  ])('fails only the calls with that %s, after about a second, and no call once it is free', async (what, done, of) => {
    if (what.endsWith('before')) {
      const row = { message_id: messageKey(message('c')), state: 'accepted', rank: 0, changed_at: '0' };
      await other('message_statuses').insert(row);
    }
    const lock = await other.transaction();
    await postgresMessageRepository(lock, lock).add([message('warm up')]);
    await lock.raw('insert into messages (message_id, from_msisdn, to_msisdn, sent_at, type) values (?, ?, ?, 0, ?)', [
      ...[messageKey(message('c')), '+1', '+2', 'text'],
    ]);
    await lock.raw('insert into message_statuses values (?, ?, 0, 0) on conflict (message_id) do update set rank = 0', [
      messageKey(message('c')),
      'accepted',
    ]);
    const all = () => Promise.allSettled(letters.map((one) => repository.add([of(one)])));
    try {
      const start = performance.now();
      expect(await all()).toEqual(
        letters.map((one) =>
          one === 'c'
            ? { status: 'rejected', reason: expect.any(StoreContended) }
            : { status: 'fulfilled', value: [done] },
        ),
      );
      expect(performance.now() - start).toBeLessThan(5_000);
      // Further calls with it do not even delay the others.
      const again = Promise.all([1, 2].map(() => repository.add([of('c')]).catch((error: unknown) => error)));
      const second = performance.now();
      expect(await repository.add([of('k')])).toEqual([done]);
      expect(performance.now() - second).toBeLessThan(900);
      expect(await again).toEqual([expect.any(StoreContended), expect.any(StoreContended)]);
    } finally {
      await lock.rollback();
    }
    expect(await repository.add([of('c')])).toEqual([done]);
  });
});

it('A commit waits for the lock of a table, which a migration may hold, longer than for that of a key', async () => {
  const options = { statementTimeoutMs: 20_000, idleInTransactionMs: 20_000, acquireTimeoutMs: 20_000 };
  const db = openPostgres({ url, poolSize: 1, lockTimeoutMs: 100, ...options });
  const migration = await other.transaction();
  await migration.raw('lock table messages');
  const storing = postgresMessageRepository(db, db).add([message('meanwhile')]);
  await delay(500);
  await migration.commit();
  expect(await storing).toEqual(['created']);
  await db.destroy();
});

describe('The connection that compares a repeated message with the stored one', () => {
  const under = (deliveryId: string, one: string): NewMessage => ({ ...message(one), deliveryId });
  const updates = [
    message('new'),
    under('d', 'first'),
    message('old'),
    message('other', { text: 'other' }),
    message('new'),
  ];
  const created = ['created', 'created', 'duplicate', 'conflict', 'duplicate'];

  async function withStored<T>(work: (add: () => Promise<unknown>) => Promise<T>): Promise<T> {
    const db = openPostgres({
      ...{ url: network.url, poolSize: 1, statementTimeoutMs: 20_000, idleInTransactionMs: 20_000 },
      acquireTimeoutMs: 20_000,
    });
    try {
      const repository = postgresMessageRepository(db, db);
      await repository.add([message('old'), message('other')]);
      return await work(() => repository.add(updates));
    } finally {
      await db.destroy();
    }
  }

  it('is replaced once if it is lost after the commit', () =>
    withStored(async (add) => {
      const lost = network.when('find-messages', 'cut');
      expect(await add()).toEqual(created);
      await lost;
    }));

  it('and its replacement being lost, only the outcomes of repeated messages are unknown', () =>
    withStored(async (add) => {
      const lost = network.when('find-messages', 'cut').then(() => network.when('find-messages', 'cut'));
      const error = await add().catch((thrown: unknown) => thrown);
      await lost;
      expect(error).toBeInstanceOf(OutcomesUnknown);
      expect(error).toMatchObject({ outcomes: ['created', 'created', null, null, 'duplicate'] });
      expect((await everyMessage(postgresMessageRepository(other, other))).length).toBe(4);
      expect(await add()).toEqual(['duplicate', 'duplicate', 'duplicate', 'conflict', 'duplicate']);
    }));
});

it('A group that the server ended in favour of another is stored again', async () => {
  // As a deadlock does, once.
  await other.raw(`
    create sequence attempts;
    create function give_way() returns trigger language plpgsql as $$
    begin
      if nextval('attempts') = 1 then raise 'deadlock detected' using errcode = '40P01'; end if;
      return null;
    end $$;
    create trigger giving_way after insert on messages for each statement execute function give_way()`);
  try {
    expect(await postgresMessageRepository(other, other).add([message('m')])).toEqual(['created']);
  } finally {
    await other.raw('drop function give_way() cascade; drop sequence attempts');
  }
});
