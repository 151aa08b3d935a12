import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { rowOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { openPostgres, type PostgresOptions } from '../../../../src/adapters/persistence/postgres/database.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { translatingErrors } from '../../../../src/adapters/persistence/postgres/errors.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { troubledNetwork } from '../../../support/troubled-network.ts';
import { id, message, turnOfTheLoop } from '../contract/repository-fixtures.ts';

/** Timeout of a statement; the driver's own timeout is five seconds longer. */
const STATEMENT_MS = 2_000;
/** Timeout for a connection of the pool: much longer than the timeout of a silent one. */
const ACQUIRE_MS = 60_000;

let url: string;
let owner: Knex;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, db: owner, close } = await openTestPostgres());
});
afterAll(() => close());

/** Opens a pool for the test and closes it. */
async function withPool<T>(work: (db: Knex) => Promise<T>, options: Partial<PostgresOptions> = {}): Promise<T> {
  const db = openPostgres({
    url,
    poolSize: 1,
    statementTimeoutMs: STATEMENT_MS,
    idleInTransactionMs: STATEMENT_MS,
    acquireTimeoutMs: ACQUIRE_MS,
    ...options,
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
const shown = async (db: Knex, name: string): Promise<unknown> =>
  (await rowOf<Record<string, unknown>>(db, `show ${name}`))[name];
const backend = async (db: Knex): Promise<number> =>
  (await rowOf<{ pid: number }>(db, 'select pg_backend_pid() as pid')).pid;

/** The URL with additional query parameters. */
function asking(name: string, value: string): string {
  const asked = new URL(url);
  asked.searchParams.set(name, value);
  return asked.href;
}

describe('A connection to PostgreSQL', () => {
  it('returns bigint, and leaves other types to the driver', () =>
    withPool(async (db) => {
      const values = `(-9223372036854775808)::bigint as least, 9223372036854775807::bigint as most, null::bigint as none,
        7::int as small, 1.5::numeric as exact, true as yes, array[1::bigint] as many`;
      expect(await rowOf(db, `select ${values}`)).toMatchObject({
        ...{ least: -(2n ** 63n), most: 2n ** 63n - 1n, none: null, small: 7, exact: '1.5', yes: true },
      });
      const bound = await rowOf(db, 'select ?::bigint as big', [9_007_199_254_740_993n]);
      expect(bound).toEqual({ big: 9_007_199_254_740_993n });
    }));

  it('flushes commits even if database and URL disable it, and keeps their other settings', async () => {
    const name = new URL(url).pathname.slice(1);
    await owner.raw(`alter database ${name} set synchronous_commit = off`);
    try {
      await withPool(
        async (db) => {
          expect(await shown(db, 'synchronous_commit')).toBe('on');
          expect(await shown(db, 'work_mem')).toBe('9MB');
          expect(await shown(db, 'application_name')).toBe('webhook-inbox');
          expect(await shown(db, 'statement_timeout')).toBe('2s');
        },
        { url: asking('options', '-c work_mem=9MB -c synchronous_commit=off') },
      );
    } finally {
      await owner.raw(`alter database ${name} reset synchronous_commit`);
    }
  });

  it('whose statement takes too long cancels it, and is used again', () =>
    withPool(async (db) => {
      const before = await backend(db);
      const error = await failure(translatingErrors(() => rowOf(db, 'select pg_sleep(60)')));
      expect(error).toBeInstanceOf(StoreUnavailable);
      expect(error).toMatchObject({ message: 'database: 57014' });
      expect(await backend(db)).toBe(before);
    }));

  it('cancels no statement without a limit', () =>
    withPool(
      async (db) => {
        expect(await shown(db, 'statement_timeout')).toBe('0');
      },
      { statementTimeoutMs: 0 },
    ));
});

describe('A connection whose server does not answer', () => {
  const calls: Record<string, (db: Knex, mute: () => void) => Promise<unknown>> = {
    add(db, mute) {
      mute();
      return postgresMessageRepository(db, db).add([message('silent')]);
    },
    find(db, mute) {
      mute();
      return postgresMessageRepository(db, db).find(id('silent'));
    },
    list(db, mute) {
      mute();
      return postgresMessageRepository(db, db).list({}, { offset: 0 }, 1);
    },
    inTransaction: (db, mute) =>
      translatingErrors(() =>
        db.transaction(async (transaction) => {
          await transaction.raw('select 1');
          mute();
          await transaction.raw('select 2');
        }),
      ),
  };

  async function silence(name: string): Promise<void> {
    const proxy = await troubledNetwork(url);
    try {
      await withPool(
        async (db) => {
          const before = await backend(db);
          const started = performance.now();
          const call = failure(calls[name]?.(db, proxy.mute) ?? Promise.resolve());
          await turnOfTheLoop(); // the call has the one connection
          const waiting = backend(db); // this call waits for it, and must not fail
          expect([name, await call]).toEqual([name, expect.any(StoreUnavailable)]);
          const after = await waiting;
          expect(performance.now() - started).toBeLessThan(ACQUIRE_MS / 2);
          expect(after).not.toBe(before);
          expect(await backend(db)).toBe(after);
        },
        { url: proxy.url },
      );
    } finally {
      await proxy.close();
    }
  }

  it('times out, and is never used again', async () => {
    await Promise.all(Object.keys(calls).map(silence)); // at the same time: each takes seconds
  });

  it('times out while it is being opened, too', async () => {
    const proxy = await troubledNetwork(url);
    proxy.muteAll();
    try {
      const error = await withPool((db) => failure(postgresMessageRepository(db, db).stats()), { url: proxy.url });
      expect(error).toBeInstanceOf(StoreUnavailable);
    } finally {
      await proxy.close();
    }
  });
});

describe('A fault', () => {
  it('of any call contains no value of a message, nor does its cause', () =>
    withPool(async (db) => {
      const repository = postgresMessageRepository(db, db);
      const secret = message('secret-id', { from: '+4915112345678', text: 'secret text' });
      for (const broken of ['folded', 'from_msisdn', 'sent_at']) {
        await owner.raw('alter table messages rename column ?? to broken', [broken]);
        const faults = await Promise.all([
          failure(repository.add([secret])),
          failure(repository.list({ from: secret.from, contains: 'secret text' }, { after: secret }, 1)),
          failure(repository.list({ since: secret.sentAt }, { offset: 3 }, 1)),
        ]);
        await owner.raw('alter table messages rename column broken to ??', [broken]);
        expect(faults.filter((fault) => fault instanceof Error).length).toBeGreaterThan(0);
        for (const fault of faults.filter((one) => one instanceof Error)) {
          const { message: text, stack, cause } = fault;
          expect(`${text} ${String(stack)} ${String(cause)}`).not.toMatch(/secret|4915112345678/);
          expect(text).not.toContain(String(secret.sentAt));
        }
      }
    }));
});
