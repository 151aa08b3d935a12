import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { openPostgres } from '../../../../src/adapters/persistence/postgres/database.ts';
import { postgresFeed } from '../../../../src/adapters/persistence/postgres/feed.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { migrateLatest } from '../../../../src/adapters/persistence/schema/migrator.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { StreamPosition } from '../../../../src/domain/stream-position.ts';
import { until } from '../../../support/connection.ts';
import { installedPostgres, startPostgresServer, type PostgresServer } from '../../../support/postgres-server.ts';
import { describeNeeding } from '../../../support/requirements.ts';
import { manyMessages, message } from '../contract/repository-fixtures.ts';

function pool(url: string, user?: string): Knex {
  const asked = new URL(url);
  if (user !== undefined) asked.username = user;
  const limits = { statementTimeoutMs: 20_000, idleInTransactionMs: 20_000, acquireTimeoutMs: 20_000 };
  return openPostgres({ url: asked.href, poolSize: 2, ...limits });
}

const epochOf = (page: Awaited<ReturnType<MessageRepository['readFeed']>>): string =>
  page === 'unknown_position' ? page : page.position.epoch;

/** A stream position after a failover to a standby that lacks the last transactions. */
function failover(installed: () => string | undefined): void {
  let server: PostgresServer;
  let db: Knex;
  let repository: MessageRepository;
  beforeAll(async () => {
    const binaries = installed();
    server = await startPostgresServer({ durable: true, ...(binaries !== undefined && { installed: binaries }) });
    db = pool(server.url);
    await migrateLatest(db);
    repository = postgresMessageRepository(db, db);
  });
  afterAll(async () => {
    await db.destroy();
    await server.remove();
  });

  it('is unknown, because the new server assigns the same numbers again', async () => {
    await db.raw('create role reader login; grant select on messages, stream_epoch to reader');
    const early = await repository.feedEnd();
    await repository.add([message('copied')]);
    await server.keepStandby();
    const last = await toEnd(early, 'lost', 20);
    expect(last.epoch).toBe(early.epoch); // as positions of earlier versions
    await server.failOver();
    // A read-only standby serves streams, in the epoch of its timeline, to an ordinary role, too.
    const asReader = pool(server.url, 'reader');
    const standby = postgresFeed(asReader);
    await until(async () => epochOf(await standby.readFeed(early, 10)) === early.epoch);
    await server.promote();
    await until(() => repository.add([message('after')]).then(([outcome]) => outcome === 'created'));
    for (const one of manyMessages(40)) await repository.add([one]);
    expect((await repository.feedEnd()).at).toBeGreaterThan(last.at);
    expect(await repository.readFeed(last, 100)).toBe('unknown_position');
    expect(await standby.readFeed(early, 100)).toBe('unknown_position');
    const now = await repository.feedEnd();
    expect(await standby.feedEnd()).toEqual(now);
    expect(now.epoch).toBe(`${early.epoch}.00000002`);
    expect(await repository.readFeed(now, 100)).toEqual({ entries: [], position: now });
    await asReader.destroy();
  });

  async function toEnd(from: StreamPosition, prefix: string, count: number): Promise<StreamPosition> {
    let added = 0;
    // The restart of the server has closed the connections; the pool notices that with its next statements.
    await until(async () => {
      if (added < count)
        await repository.add([message(`${prefix} ${String(added)}`)]).then(
          () => added++,
          () => 0,
        );
      return added === count;
    });
    const page = await repository.readFeed(from, 1_000);
    if (page === 'unknown_position') throw new Error(page);
    expect(page.entries.at(-1)?.message.messageId).toBe(`${prefix} ${String(count - 1)}`);
    return page.position;
  }

  it('does not depend on the timeline where the server does not tell it, as Aurora', async () => {
    await db.raw(`
      create function public.pg_current_wal_lsn() returns pg_lsn language plpgsql as
        $$ begin raise 'is currently not supported' using errcode = '0A000'; end $$`);
    const without = pool(server.url);
    try {
      await without.raw('set search_path = public, pg_catalog'); // of its one connection
      const feed = postgresFeed(without);
      const { epoch } = await feed.feedEnd();
      expect(epoch).not.toContain('.');
      expect(epochOf(await feed.readFeed({ epoch, at: 0n, key: '' }, 1))).toBe(epoch);
    } finally {
      await without.destroy();
    }
  });
}

describe('A stream position after a failover', () => {
  failover(() => undefined);
});
describeNeeding(['postgresql'], 'A stream position after a failover of the oldest PostgreSQL that is installed', () => {
  failover(installedPostgres);
});
