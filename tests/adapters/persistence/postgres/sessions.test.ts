import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { openPostgres, type PostgresOptions } from '../../../../src/adapters/persistence/postgres/database.ts';
import { openCopyTarget, openForMaintenance } from '../../../../src/adapters/persistence/postgres/maintenance.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { rowOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { message } from '../contract/repository-fixtures.ts';

/** What every session of the service and of the commands sets, as the server shows it. */
const SET = {
  synchronous_commit: 'on',
  tcp_keepalives_idle: '5',
  tcp_keepalives_interval: '2',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '10000',
  client_connection_check_interval: '2s',
};

let url: string;
let owner: Knex;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ url, db: owner, close } = await openTestPostgres());
});
afterAll(() => close());

function pool(options: Partial<PostgresOptions> = {}): Knex {
  return openPostgres({
    ...{ url, poolSize: 1, statementTimeoutMs: 3_000, lockTimeoutMs: 700, idleInTransactionMs: 1_500 },
    ...{ acquireTimeoutMs: 20_000, ...options },
  });
}

async function using<T>(db: Knex, work: (db: Knex) => Promise<T>): Promise<T> {
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function settings(db: Knex, names: readonly string[]): Promise<Record<string, string>> {
  const shown = names.map((name) => `current_setting('${name}') as ${name}`);
  return { ...(await rowOf<Record<string, string>>(db, `select ${shown.join(', ')}`)) };
}

function asking(options: Readonly<Record<string, string>>, more: Readonly<Record<string, string>> = {}): string {
  const asked = new URL(url);
  asked.searchParams.set(
    'options',
    Object.entries(options)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  );
  for (const [name, value] of Object.entries(more)) asked.searchParams.set(name, value);
  return asked.href;
}

const WITH_LIMITS = {
  ...SET,
  statement_timeout: '3s',
  lock_timeout: '700ms',
  idle_in_transaction_session_timeout: '1500ms',
};

describe('A session of PostgreSQL', () => {
  it('is bounded, and finds out that its client is gone', () =>
    using(pool(), async (db) => {
      expect(await settings(db, Object.keys(WITH_LIMITS))).toEqual(WITH_LIMITS);
    }));

  it('is so whatever the URL says', () => {
    const names = Object.keys(WITH_LIMITS).filter((name) => name !== 'synchronous_commit');
    const unlimited = { synchronous_commit: 'off', ...Object.fromEntries(names.map((name) => [name, '0'])) };
    const asked = asking(unlimited, {
      ...{ statement_timeout: '0', lock_timeout: '0', idle_in_transaction_session_timeout: '0' },
    });
    return using(pool({ url: asked }), async (db) => {
      expect(await settings(db, Object.keys(WITH_LIMITS))).toEqual(WITH_LIMITS);
    });
  });

  it('of a command is bounded as well, except for the time that a statement may take', () =>
    using(openForMaintenance(asking({ idle_in_transaction_session_timeout: '0' })).db, async (db) => {
      const expected = {
        ...SET,
        idle_in_transaction_session_timeout: '10s',
        statement_timeout: '0',
        lock_timeout: '0',
      };
      expect(await settings(db, Object.keys(expected))).toEqual(expected);
    }));

  it('works without what the server does not know or does not accept', async () => {
    // As on another version or system: functions of these names come before those of the server.
    await owner.raw(`
      create function public.current_setting(name text, missing_ok boolean) returns text language sql as
        $$ select case when name <> 'client_connection_check_interval' then pg_catalog.current_setting(name, missing_ok) end $$;
      create function public.set_config(name text, value text, is_local boolean) returns text language plpgsql as $$
      begin
        if name = 'tcp_user_timeout' then raise 'not on this system' using errcode = '22023'; end if;
        if name = 'client_connection_check_interval' then raise 'not known' using errcode = '42704'; end if;
        return pg_catalog.set_config(name, value, is_local);
      end $$`);
    try {
      await using(pool({ url: asking({ search_path: 'public,pg_catalog' }) }), async (db) => {
        const expected = { ...WITH_LIMITS, tcp_user_timeout: '0', client_connection_check_interval: '0' };
        expect(await settings(db, Object.keys(expected))).toEqual(expected);
        expect(await postgresMessageRepository(db, db).add([message('on another system')])).toEqual(['created']);
      });
    } finally {
      await owner.raw(
        'drop function public.current_setting(text, boolean); drop function public.set_config(text, text, boolean)',
      );
    }
  });

  it('that leaves a transaction idle loses it, with its locks', () =>
    using(pool({ idleInTransactionMs: 300 }), async (stopped) => {
      const transaction = await stopped.transaction();
      await transaction.raw('select * from message_totals for update');
      const start = performance.now();
      await owner.raw('select * from message_totals for update');
      expect(performance.now() - start).toBeGreaterThan(100);
      await expect(transaction.raw('select 1')).rejects.toThrow();
      await transaction.rollback().catch(() => undefined);
      expect(await rowOf(stopped, 'select 1 as one')).toEqual({ one: 1 });
    }));
});

it('A command repeats a step whose session the server has ended', async () => {
  const target = await openCopyTarget(url);
  await target.add([message('counted after all')]);
  await owner.raw(`
    create sequence times;
    create function end_session() returns trigger language plpgsql as $$
    begin
      if nextval('times') = 1 then perform pg_terminate_backend(pg_backend_pid()); end if;
      return null;
    end $$;
    create trigger ending after delete on uncounted for each statement execute function end_session()`);
  try {
    expect(await target.deriveNext(1_000)).toBeGreaterThan(0);
    expect(await rowOf(owner, 'select last_value as times from times')).toEqual({ times: 2n });
  } finally {
    await target.db.destroy();
    await owner.raw('drop function end_session() cascade; drop sequence times');
  }
});
