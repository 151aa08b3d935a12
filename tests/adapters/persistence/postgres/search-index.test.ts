import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { backgroundStep } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { postgresInspection } from '../../../../src/adapters/persistence/postgres/inspection.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { postgresReindex } from '../../../../src/adapters/persistence/postgres/search/reindex.ts';
import { pooledMessageRepository } from '../../../../src/adapters/persistence/postgres/store.ts';
import { rowOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { recordingBackground } from '../../../support/fakes.ts';
import { openTestPostgres } from '../../../support/postgres.ts';
import { message } from '../contract/repository-fixtures.ts';

describe('the search index of PostgreSQL', () => {
  let db: Knex;
  let url: string;
  let close: () => Promise<void>;
  beforeEach(async () => {
    ({ db, url, close } = await openTestPostgres());
    const texts = Array.from({ length: 200 }, (_, i) =>
      message(`m${String(i)}`, { text: `order number ${String(i)}` }),
    );
    await postgresMessageRepository(db, db).add(texts);
  });
  afterEach(() => close());

  const inspect = () => postgresInspection(db).inspectSearchIndex();
  const total = async (): Promise<number> =>
    (await postgresMessageRepository(db, db).list({ contains: 'order number' }, { offset: 0 }, 1)).total;

  it('is compared with some of the messages', async () => {
    expect(await inspect()).toEqual({
      damage: null,
      checked: expect.stringMatching(/^is valid, and finds the texts of [1-9]\d* random messages$/),
    });
  });

  it.each([
    ['dropped', 'drop index messages_by_trigram', 'there is no index messages_by_trigram'],
    ['dropped with its extension', 'drop extension pg_trgm cascade', 'there is no index messages_by_trigram'],
    [
      'invalid',
      "update pg_index set indisvalid = false where indexrelid = 'messages_by_trigram'::regclass",
      'the index messages_by_trigram is not valid',
    ],
  ])('%s is reported, stops no other step, and is rebuilt by reindex', async (_, damage, expected) => {
    await db.raw(damage);
    expect((await inspect()).damage).toBe(expected);
    const background = recordingBackground();
    expect(await backgroundStep(db, background)(500)).toBe(200);
    expect(background.results).toContain('vacuum: ok');
    expect(await total()).toBe(200);
    await postgresReindex(db)({ signal: new AbortController().signal, onProgress: () => undefined });
    expect((await inspect()).damage).toBeNull();
    expect(await total()).toBe(200);
  });

  it('that is missing makes the step fail until it is back', async () => {
    await db.raw('drop index messages_by_trigram');
    const background = recordingBackground();
    await backgroundStep(db, background)(500);
    expect(background.results.filter((result) => result.startsWith('search_index'))).toEqual([
      expect.stringContaining('messages_by_trigram'),
    ]);
  });

  it('leaves no statement running when a read takes too long', async () => {
    const repository = pooledMessageRepository({
      ...{ url, poolSize: 2, maxCommits: 1, readTimeoutMs: 300, maxQueuedReads: 10 },
    });
    await db.raw('drop index messages_by_trigram');
    await db.raw(`insert into messages (message_id, from_msisdn, to_msisdn, sent_at, text, folded)
      select 's' || i, '+1', '+2', i, repeat('ab', 2000), repeat('ab', 2000) from generate_series(1, 40000) as each (i)`);
    const reads = Array.from({ length: 6 }, () => repository.list({ contains: 'zq' }, { offset: 0 }, 1));
    const outcomes = await Promise.allSettled(reads);
    expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
    await repository.close();
    const { running } = await rowOf<{ running: bigint }>(
      db,
      `select count(*) as running from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%zq%'`,
    );
    expect(Number(running)).toBe(0);
  });
});
