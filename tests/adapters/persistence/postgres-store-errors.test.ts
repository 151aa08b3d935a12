import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { migrateLatest } from '../../../src/adapters/persistence/migrator.ts';
import { openPostgres } from '../../../src/adapters/persistence/postgres/database.ts';
import { postgresMessageRepository } from '../../../src/adapters/persistence/postgres/message-repository.ts';
import { StoreUnavailable, type MessageRepository } from '../../../src/application/ports.ts';
import { startPostgresServer, type PostgresServer } from '../../support/postgres-server.ts';
import { id, message } from './repository-fixtures.ts';

let server: PostgresServer;
let db: Knex;
let repository: MessageRepository;

function pool(url: string, statementTimeoutMs = 5_000): Knex {
  return openPostgres({ url, poolSize: 3, statementTimeoutMs, acquireTimeoutMs: 1_000 });
}

beforeAll(async () => {
  server = await startPostgresServer({ durable: true });
  db = pool(server.url);
  await migrateLatest(db);
  repository = postgresMessageRepository(db, db);
}, 30_000);
afterAll(async () => {
  await db.destroy();
  await server.remove();
});

async function failure(work: (repository: MessageRepository) => Promise<unknown>, other?: Knex): Promise<unknown> {
  const subject = other === undefined ? repository : postgresMessageRepository(other, other);
  try {
    return await work(subject).catch((error: unknown) => error);
  } finally {
    await other?.destroy();
  }
}

describe('A PostgreSQL server that is stopped', () => {
  it.each(['fast', 'immediate'] as const)('%s is unavailable, and used again when it is back', async (how) => {
    const adds = Array.from({ length: 20 }, (_, i) => message(`${how}${String(i)}`));
    const first = await repository.add(adds.slice(0, 10));
    expect(first).toEqual(Array(10).fill('created'));
    const racing = Promise.allSettled(adds.slice(10).map((one) => repository.add([one])));
    await server.stop(how);
    for (const result of await racing) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(StoreUnavailable);
    }
    expect(await failure((r) => r.add([message('x')]))).toBeInstanceOf(StoreUnavailable);
    expect(await failure((r) => r.stats())).toBeInstanceOf(StoreUnavailable);
    expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });

    await server.start();
    expect(await repository.add(adds.slice(0, 10))).toEqual(Array(10).fill('duplicate'));
    const acknowledged = (await racing).map((result, i) => (result.status === 'fulfilled' ? adds[10 + i] : undefined));
    for (const one of acknowledged) {
      if (one !== undefined) expect(await repository.find(one.messageId)).toEqual(one);
    }
    expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
  });
});

describe('A PostgreSQL server that refuses', () => {
  const urlWith = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };

  it('because there is no such database, or nobody listens, is unavailable', async () => {
    const missing = urlWith((url) => (url.pathname = '/nowhere'));
    expect(await failure((r) => r.add([message('x')]), pool(missing))).toMatchObject({ message: 'database: 3D000' });
    const nobody = urlWith((url) => (url.port = '1'));
    expect(await failure((r) => r.stats(), pool(nobody))).toMatchObject({ message: 'database: ECONNREFUSED' });
  });

  it('writes, as a standby does, is unavailable', async () => {
    const name = new URL(server.url).pathname.slice(1);
    await db.raw(`alter database ${name} set default_transaction_read_only = on`);
    try {
      const error = await failure((r) => r.add([message('ro')]), pool(server.url));
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({ message: 'database: 25006' });
    } finally {
      await db.raw('set default_transaction_read_only = off');
      await db.raw(`alter database ${name} reset default_transaction_read_only`);
    }
  });

  it('ends a statement that takes too long, and tells no values', async () => {
    const slow = pool(server.url, 100);
    const error: unknown = await slow
      .raw('select pg_sleep(10), ?::text', ['secret'])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: '57014' });
    expect(String(error)).not.toContain('secret');
    expect((await slow.raw<{ rows: unknown[] }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await slow.destroy();
  });

  it('another connection than the pool may have is unavailable, and makes nobody wait for ever', async () => {
    const small = openPostgres({ url: server.url, poolSize: 1, statementTimeoutMs: 5_000, acquireTimeoutMs: 300 });
    const busy = small.raw('select pg_sleep(1)').then(() => undefined); // Knex begins when it is waited for
    expect(
      await postgresMessageRepository(small, small)
        .find(id('x'))
        .catch((e: unknown) => e),
    ).toBeInstanceOf(StoreUnavailable);
    await busy;
    await small.destroy();
  });

  it('because a table is missing is a fault of ours', async () => {
    await db.raw('alter table messages rename to other');
    const error = await failure((r) => r.add([message('x')]));
    await db.raw('alter table other rename to messages');
    expect(error).not.toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: '42P01' });
  });
});

describe('A connection', () => {
  it('flushes every commit, is named, and counts in bigint', async () => {
    const show = async (name: string) =>
      (await db.raw<{ rows: Record<string, string>[] }>(`show ${name}`)).rows[0]?.[name];
    expect(await show('synchronous_commit')).toBe('on');
    expect(await show('application_name')).toBe('webhook-inbox');
    const { rows } = await db.raw<{ rows: unknown[] }>(
      'select count(*) as n, 9007199254740993::bigint as big from pg_am',
    );
    expect(rows).toEqual([{ n: expect.any(BigInt), big: 9_007_199_254_740_993n }]);
  });
});
