import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { rowOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { migrateLatest } from '../../../../src/adapters/persistence/schema/migrator.ts';
import { openPostgres } from '../../../../src/adapters/persistence/postgres/database.ts';
import { deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { translatingErrors } from '../../../../src/adapters/persistence/postgres/errors.ts';
import { StoreUnavailable, type MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { until } from '../../../support/connection.ts';
import { startPostgresServer, type PostgresServer } from '../../../support/postgres-server.ts';
import { everyMessage, id, message } from '../contract/repository-fixtures.ts';

let server: PostgresServer;
let db: Knex;
let repository: MessageRepository;

function pool(url: string, statementTimeoutMs = 20_000): Knex {
  return openPostgres({
    ...{ url, poolSize: 3, statementTimeoutMs, idleInTransactionMs: 20_000, acquireTimeoutMs: 20_000 },
  });
}

beforeAll(async () => {
  server = await startPostgresServer({ durable: true });
  db = pool(server.url);
  await migrateLatest(db);
  repository = postgresMessageRepository(db, db);
});
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
  it.each(['fast', 'immediate'] as const)('%s during adds and reads loses nothing, and is used again', async (how) => {
    const acknowledged: Message[] = [];
    const failures: unknown[] = [];
    let restarted = false;
    async function keepCalling(call: (i: number) => Promise<unknown>): Promise<void> {
      for (let i = 0; ; i++) {
        await call(i).catch((error: unknown) => failures.push(error));
        if (restarted) return;
        if (failures.length > 200) await delay(20); // the server is stopped: more failures prove nothing
      }
    }
    async function add(caller: number, i: number): Promise<void> {
      const group = [0, 1, 2].map((n) => message(`${how} ${String(caller)} ${String(i)} ${String(n)}`));
      await repository.add(group);
      acknowledged.push(...group);
    }
    const callers = [
      ...[1, 2, 3].map((caller) => keepCalling((i) => add(caller, i))),
      keepCalling(() => repository.stats()),
      keepCalling(() => repository.list({ contains: how }, { offset: 1 }, 1_000)),
      keepCalling((i) => repository.find(id(`${how} 1 ${String(i)} 0`))),
      keepCalling(() => deriveNext(db, 7).catch(() => undefined)), // its caller ignores every failure
    ];
    await until(() => acknowledged.length > 0);
    await server.stop(how);
    expect(await repository.health()).toEqual({ database: 'unreachable', schema: 'unknown' });
    for (const call of [() => repository.add([message('x')]), () => repository.stats()]) {
      await expect(call()).rejects.toBeInstanceOf(StoreUnavailable);
    }
    await server.start();
    restarted = true;
    await Promise.all(callers);

    expect(failures.length).toBeGreaterThan(0);
    expect(failures.filter((error) => !(error instanceof StoreUnavailable))).toEqual([]);
    expect(await repository.add([message(`${how} back`)])).toEqual(['created']);
    const stored = new Set((await everyMessage(repository)).map(({ messageId }) => messageId));
    expect(acknowledged.filter(({ messageId }) => !stored.has(messageId))).toEqual([]);
    expect((await repository.stats()).totalMessages).toBe(stored.size);
    expect(await wrongCounters(db, postgresDialect)).toEqual([]);
    expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
  });
});

describe('A PostgreSQL server that refuses', () => {
  const urlWith = (change: (url: URL) => void): string => {
    const url = new URL(server.url);
    change(url);
    return url.href;
  };

  it('because the database does not exist, or nothing listens, is unavailable', async () => {
    const missing = urlWith((url) => (url.pathname = '/nowhere'));
    expect(await failure((r) => r.add([message('x')]), pool(missing))).toMatchObject({ message: 'database: 3D000' });
    const nobody = urlWith((url) => (url.port = '1'));
    expect(await failure((r) => r.stats(), pool(nobody))).toMatchObject({ message: 'database: ECONNREFUSED' });
  });

  it('because the password is wrong or missing, is unavailable', async () => {
    await db.raw("create role locked login password 'right'");
    const { hba_file: file } = await rowOf<{ hba_file: string }>(db, 'show hba_file');
    const trusting = readFileSync(file, 'utf8');
    writeFileSync(file, `host all locked 127.0.0.1/32 scram-sha-256\n${trusting}`);
    try {
      await db.raw('select pg_reload_conf()');
      const as = (password: string) => pool(urlWith((url) => Object.assign(url, { username: 'locked', password })));
      // The server reloads its files with a delay; until then it trusts every client.
      await until(async () => (await failure((r) => r.stats(), as('wrong'))) instanceof StoreUnavailable);
      expect(await failure((r) => r.stats(), as('wrong'))).toMatchObject({ message: 'database: 28P01' });
      expect(await failure((r) => r.stats(), as('right'))).toMatchObject({ code: '42501' }); // authenticated, but without any privilege
      expect(await failure((r) => r.stats(), as(''))).toMatchObject({ message: 'database: SASL' });
    } finally {
      writeFileSync(file, trusting);
      await db.raw('select pg_reload_conf()');
    }
  });

  it('a transaction that exceeds the timeout of the operator is unavailable', async () => {
    const limited = pool(
      urlWith((url) => {
        url.searchParams.set('options', '-c transaction_timeout=1000');
      }),
    );
    const error = await translatingErrors(() => rowOf(limited, 'select pg_sleep(60)')).catch((e: unknown) => e);
    await limited.destroy();
    expect(error).toMatchObject({ name: 'StoreUnavailable', message: 'database: 25P04' });
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

  it('cancels a statement that takes too long, without its values in the error', async () => {
    const slow = pool(server.url, 1_000);
    const error: unknown = await slow
      .raw('select pg_sleep(60), ?::text', ['secret'])
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: '57014' });
    expect(String(error)).not.toContain('secret');
    expect((await slow.raw<{ rows: unknown[] }>('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await slow.destroy();
  });

  it('another connection than the pool allows is unavailable, and no caller waits forever', async () => {
    const small = openPostgres({
      ...{
        url: server.url,
        poolSize: 1,
        statementTimeoutMs: 20_000,
        idleInTransactionMs: 20_000,
        acquireTimeoutMs: 2_000,
      },
    });
    const busy = await small.transaction();
    expect(
      await postgresMessageRepository(small, small)
        .find(id('x'))
        .catch((e: unknown) => e),
    ).toBeInstanceOf(StoreUnavailable);
    await busy.rollback();
    await small.destroy();
  });

  it('because a table is missing, reports a fault', async () => {
    await db.raw('alter table messages rename to other');
    const error = await failure((r) => r.add([message('x')]));
    await db.raw('alter table other rename to messages');
    expect(error).not.toBeInstanceOf(StoreUnavailable);
    expect(error).toMatchObject({ code: '42P01' });
  });
});

describe('A connection', () => {
  it('flushes every commit, has a name, and returns bigint', async () => {
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
