import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { rebuildCounters, wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { countAll } from '../../../../src/adapters/persistence/counters/message-counters.ts';
import { deriveNext } from '../../../../src/adapters/persistence/postgres/derived-data.ts';
import { rowOf } from '../../../../src/adapters/persistence/schema/dialect.ts';
import { postgresDialect } from '../../../../src/adapters/persistence/postgres/dialect.ts';
import { postgresMessageRepository } from '../../../../src/adapters/persistence/postgres/repository.ts';
import { comparePositions, messageKey, type Message } from '../../../../src/domain/message.ts';
import { statusRank, type NewUpdate, type StatusUpdate } from '../../../../src/domain/update.ts';
import type { UpdateOutcome } from '../../../../src/domain/ingest-outcome.ts';
import { statsOf } from '../../../../src/domain/stats.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { emptyTables, openTestPool, openTestPostgres } from '../../../support/postgres.ts';
import { everyMessage, manyMessages, message, micros, number, runs } from '../contract/repository-fixtures.ts';

const REPLICAS = 3;
const GROUP = 40;

let pools: Knex[];
/** Counting and observing have their own connections, or they would wait for the end of all storing. */
let beside: Knex[];
let first: Knex;
let close: () => Promise<void>;
beforeAll(async () => {
  const database = await openTestPostgres();
  first = database.db;
  pools = [first, ...Array.from({ length: REPLICAS - 1 }, () => openTestPool(database.url))];
  beside = [openTestPool(database.url), openTestPool(database.url)];
  close = async () => {
    await Promise.all([...pools.slice(1), ...beside].map((pool) => pool.destroy()));
    await database.close();
  };
});
afterAll(() => close());

it('replicas that store the same ids in any order and count at the same time agree at every instant', async () => {
  const messages = manyMessages(800);
  const outcomes = new Map<string, UpdateOutcome[]>();
  let storing = true;

  async function store(pool: Knex, replica: number): Promise<void> {
    const repository = postgresMessageRepository(pool, pool);
    // Every replica stores all of them in a different order.
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

  let steps = 0;
  async function count(pool: Knex): Promise<void> {
    while (storing) if ((await deriveNext(pool, 17)) > 0) steps++;
  }

  /** The totals in one snapshot, by the counters and by a scan. */
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

  /** Compares every counter with a scan, in one snapshot. */
  async function check(pool: Knex): Promise<void> {
    while (storing) expect(await wrongCounters(pool, postgresDialect)).toEqual([]);
  }

  const others = beside.flatMap((pool) => [count(pool), compare(pool), check(pool)]);
  await Promise.all(pools.map(store));
  while (steps < messages.length / 17) await delay(5); // storing is faster: observe all of the counting
  storing = false;
  await Promise.all(others);

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
});

/** The steps of one replica, concurrent with those of the others. */
type Step = { readonly add: readonly number[] } | { readonly derive: number } | 'stats' | 'rebuild';

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ add: fc.array(fc.nat(60), { maxLength: 20 }) }) },
  { weight: 4, arbitrary: fc.record({ derive: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 1, arbitrary: fc.constant('stats' as const) },
  { weight: 1, arbitrary: fc.constant('rebuild' as const) },
);
/** Rounds of steps; the steps of a round run concurrently. */
const interleavings = fc.array(fc.array(steps, { minLength: 2, maxLength: 9 }), { minLength: 1, maxLength: 6 });

it('replicas with any concurrent steps store and count each message once', () =>
  fc.assert(
    fc.asyncProperty(interleavings, async (rounds) => {
      await emptyTables(first);
      // A few senders, so that several replicas count the same new one.
      const known = manyMessages(61).map((one, i) => ({ ...one, from: number(`+${String(i % 20)}`) }));
      const created: string[] = [];
      async function take(step: Step, pool: Knex): Promise<void> {
        const repository = postgresMessageRepository(pool, pool);
        if (step === 'rebuild') await rebuildCounters(pool, postgresDialect);
        else if (step === 'stats') {
          const { totalMessages, topSenders } = await repository.stats();
          // The counts of the top senders never exceed the total of the same snapshot.
          expect(topSenders.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(totalMessages);
        } else if ('derive' in step) await deriveNext(pool, step.derive);
        else {
          const messages = step.add.flatMap((i) => known[i] ?? []);
          const outcomes = await repository.add(messages);
          expect(outcomes).not.toContain('conflict');
          created.push(...messages.filter((_, i) => outcomes[i] === 'created').map(({ messageId }) => messageId));
        }
      }
      for (const round of rounds) {
        await Promise.all(round.map((step, i) => take(step, pools[i % REPLICAS] ?? first)));
        const stored = known.filter(({ messageId }) => created.includes(messageId));
        expect(created.toSorted()).toEqual(stored.map(({ messageId }) => messageId).toSorted());
        const repository = postgresMessageRepository(first, first);
        expect(await repository.stats()).toEqual(statsOf(stored));
        expect(await everyMessage(repository)).toEqual(stored.toSorted(comparePositions));
        expect(await wrongCounters(first, postgresDialect)).toEqual([]);
      }
    }),
    runs(25),
  ));

it('counters that are rebuilt while a replica counts are exact, without a deadlock', async () => {
  await emptyTables(first);
  await postgresMessageRepository(first, first).add(manyMessages(4_000, 'rebuilt'));
  for (let round = 0; round < 20; round++) {
    // Whichever is first, all is counted afterwards. The rows are in the order of no index, as after many steps.
    await first.raw('insert into uncounted select from_msisdn, sent_at from messages order by random()');
    const counting = deriveNext(first, 1_000);
    await delay(round % 8);
    await Promise.all([counting, rebuildCounters(first, postgresDialect)]);
    expect(await wrongCounters(first, postgresDialect)).toEqual([]);
  }
});

/** Resolves when this many sessions wait for a lock. */
async function waiting(sessions: number): Promise<void> {
  const sql = `select count(*) as waiting from pg_stat_activity
               where wait_event_type = 'Lock' and datname = current_database()`;
  while (Number((await rowOf<{ waiting: bigint }>(first, sql)).waiting) < sessions) await delay(5);
}

it('two replicas that store the same messages and statuses in different orders do not deadlock', async () => {
  await emptyTables(first);
  const [a, b, c] = [message('a'), message('b'), message('c')];
  const stateOf = ({ provider, messageId }: Message): StatusUpdate => ({
    ...{ kind: 'status', provider, messageId, state: 'sent', at: micros(1) },
  });
  const store = (updates: NewUpdate[], i: number): Promise<readonly UpdateOutcome[]> => {
    const pool = pools[i] ?? first;
    return postgresMessageRepository(pool, pool).add(updates);
  };
  // In the order of the calls, each would hold one row and wait for the other's.
  const orders = [
    [a, b, c],
    [c, b, a],
  ];
  const [held] = pools.slice(-1);
  for (const table of ['messages', 'message_statuses']) {
    const blocking = await (held ?? first).transaction();
    if (table === 'messages') {
      await blocking.raw(
        'insert into messages (message_id, from_msisdn, to_msisdn, sent_at, type) values (?, ?, ?, 0, ?)',
        [messageKey(b), b.from, b.to, b.type],
      );
    } else {
      const row = { message_id: messageKey(b), state: 'read', rank: statusRank('read'), changed_at: '2' };
      await blocking('message_statuses').insert(row);
    }
    const updates = orders.map((order) => (table === 'messages' ? order : order.map(stateOf)));
    const storing = Promise.all(updates.map(store));
    await waiting(2);
    await blocking.rollback();
    expect((await storing).map(({ length }) => length)).toEqual([3, 3]);
  }
});

it('a replica takes into account the status that another one is storing', async () => {
  await emptyTables(first);
  const other = pools[1] ?? first;
  const one = message('m');
  const { provider, messageId } = one;
  const status = (state: string, at: number): StatusUpdate => ({
    ...{ kind: 'status', provider, messageId, state, at: micros(at) },
  });
  const repository = postgresMessageRepository(other, other);
  await repository.add([status('sent', 1)]);
  const late = await first.transaction();
  await late('message_statuses').update({ state: 'read', rank: statusRank('read'), changed_at: '3' });
  const storing = repository.add([status('delivered', 2)]);
  await waiting(1);
  await late.commit();
  expect(await storing).toEqual(['status_stale']);
});

it('of the first statuses of a message, stored by two replicas at the same time, the later one stays', async () => {
  await emptyTables(first);
  const other = pools[1] ?? first;
  const one = message('m');
  const { provider, messageId } = one;
  const late = await first.transaction();
  const row = { message_id: messageKey(one), state: 'read', rank: statusRank('read'), changed_at: '2000000' };
  await late('message_statuses').insert(row);
  // It sees no status yet, and waits for the one above.
  const early = { kind: 'status', provider, messageId, state: 'sent', at: micros(1_000_000) } as const;
  const storing = postgresMessageRepository(other, other).add([early]);
  await waiting(1);
  await late.commit();
  await storing;
  expect(await postgresMessageRepository(first, first).findStatus(messageKey(one))).toEqual({
    state: 'read',
    at: micros(2_000_000),
  });
});

/** Few states and instants, so that equal statuses and equal instants are common. */
const someStatus = fc
  .tuple(fc.constantFrom('m', 'n'), fc.constantFrom('sent', 'delivered', 'read'), fc.nat(2))
  .map(([of, state, at]): StatusUpdate => ({ ...message(of), kind: 'status', state, at: micros(at) }));

it('statuses that wait for another replica have the outcomes of coming after it', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(someStatus, { maxLength: 2 }),
      someStatus,
      fc.array(someStatus, { maxLength: 6 }),
      async (before, meanwhile, group) => {
        await emptyTables(first);
        const model = inMemoryMessageRepository();
        const repository = postgresMessageRepository(pools[1] ?? first, first);
        await repository.add(before);
        for (const updates of [before, [meanwhile]]) await model.add(updates);
        const other = await first.transaction();
        const key = messageKey(meanwhile);
        await other.raw(
          `insert into message_statuses as known values (?, ?, ?, ?) on conflict (message_id) do update
           set state = excluded.state, rank = excluded.rank, changed_at = excluded.changed_at
           where (excluded.changed_at, excluded.rank) > (known.changed_at, known.rank)`,
          [key, meanwhile.state, statusRank(meanwhile.state), String(meanwhile.at)],
        );
        // Its first status is of the same message, so it waits.
        const late = [{ ...meanwhile, state: 'delivered' }, ...group];
        const storing = repository.add(late);
        await waiting(1);
        await other.commit();
        expect(await storing).toEqual(await model.add(late));
        for (const one of ['m', 'n'].map((name) => messageKey(message(name))))
          expect(await repository.findStatus(one)).toEqual(await model.findStatus(one));
      },
    ),
    runs(60),
  ));

it('a message that is sent again, and erased before the comparison, is a duplicate, not a conflict', async () => {
  await emptyTables(first);
  const repository = postgresMessageRepository(first, first);
  const sent = message('m');
  await repository.add([sent]);
  // As another session does, between the insert that finds the message and the query for its content.
  await first.raw(
    `create function erase_all() returns trigger language plpgsql as 'begin delete from messages; return null; end'`,
  );
  await first.raw('create trigger erasing after insert on messages for each statement execute function erase_all()');
  try {
    expect(await repository.add([sent])).toEqual(['duplicate']);
    expect((await repository.list({}, { offset: 0 }, 1)).messages).toEqual([]);
  } finally {
    await first.raw('drop function erase_all cascade');
    await emptyTables(first);
  }
});
