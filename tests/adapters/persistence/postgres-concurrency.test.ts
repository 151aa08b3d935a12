import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../src/adapters/persistence/counter-check.ts';
import { countAll } from '../../../src/adapters/persistence/message-counters.ts';
import { deriveNext } from '../../../src/adapters/persistence/postgres/derived-data.ts';
import { rowOf } from '../../../src/adapters/persistence/dialect.ts';
import { postgresDialect } from '../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../src/adapters/persistence/postgres/message-repository.ts';
import type { IngestOutcome } from '../../../src/application/ports.ts';
import { comparePositions } from '../../../src/domain/message.ts';
import { statsOf } from '../../../src/domain/stats.ts';
import { openTestPool, openTestPostgres } from '../../support/postgres.ts';
import { everyMessage, manyMessages } from './repository-fixtures.ts';

const REPLICAS = 3;
const GROUP = 40;

let pools: Knex[];
let first: Knex;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await openTestPostgres();
  first = database.db;
  pools = [first, ...Array.from({ length: REPLICAS - 1 }, () => openTestPool(database.url))];
  close = async () => {
    await Promise.all(pools.slice(1).map((pool) => pool.destroy()));
    await database.close();
  };
});
afterAll(() => close());

it('replicas that store the same ids in any order at the same time, and count meanwhile, agree at every moment', async () => {
  const messages = manyMessages(800);
  const outcomes = new Map<string, IngestOutcome[]>();
  let storing = true;

  async function store(pool: Knex, replica: number): Promise<void> {
    const repository = postgresMessageRepository(pool, pool);
    // Every replica stores all of them, each in an order of its own.
    const step = [1, 799, 37].at(replica) ?? 1;
    const ordered = messages.flatMap((_, i) => messages.at((i * step + replica * 11) % messages.length) ?? []);
    const groups = Array.from({ length: ordered.length / GROUP }, (_, i) => ordered.slice(i * GROUP, (i + 1) * GROUP));
    await Promise.all(
      groups.map(async (group) => {
        const results = await repository.add(group);
        group.forEach(({ messageId }, i) =>
          outcomes.set(messageId, [...(outcomes.get(messageId) ?? []), results[i] ?? 'conflict']),
        );
      }),
    );
  }

  async function count(pool: Knex): Promise<void> {
    while (storing) await deriveNext(pool, 17);
  }

  /** What a reader sees in one snapshot: the total by the counters, and by a scan. */
  async function compare(pool: Knex): Promise<void> {
    while (storing) {
      const [counted, scanned] = await pool.transaction(
        async (snapshot) => {
          const { rows } = await rowOf<{ rows: bigint }>(snapshot, 'select count(*) as rows from messages');
          return [await countAll(snapshot, postgresDialect), Number(rows)];
        },
        { isolationLevel: 'repeatable read', readOnly: true },
      );
      expect(counted).toBe(scanned);
    }
  }

  const beside = [...pools.map(count), compare(first), compare(first)];
  await Promise.all(pools.map(store));
  storing = false;
  await Promise.all(beside);

  expect(outcomes.size).toBe(messages.length);
  for (const results of outcomes.values()) {
    expect(results.toSorted()).toEqual(['created', ...Array<string>(REPLICAS - 1).fill('duplicate')]);
  }
  for (const pool of pools) {
    const repository = postgresMessageRepository(pool, pool);
    expect(await repository.stats()).toEqual(statsOf(messages));
    expect(await everyMessage(repository)).toEqual(messages.toSorted(comparePositions));
  }
  while ((await deriveNext(first, 1_000)) > 0);
  expect(await wrongCounters(first, postgresDialect)).toEqual([]);
}, 60_000);
