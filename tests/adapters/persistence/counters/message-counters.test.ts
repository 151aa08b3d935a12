import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Knex } from 'knex';
import { wrongCounters } from '../../../../src/adapters/persistence/counters/counter-check.ts';
import { deriveNext } from '../../../../src/adapters/persistence/sqlite/derived-data.ts';
import { sqliteMessageRepository } from '../../../../src/adapters/persistence/sqlite/repository.ts';
import {
  countAll,
  countBefore,
  countOfSender,
} from '../../../../src/adapters/persistence/counters/message-counters.ts';
import { PERIOD_WIDTHS, periodStart } from '../../../../src/adapters/persistence/counters/periods.ts';
import { sqliteDialect } from '../../../../src/adapters/persistence/sqlite/dialect.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { statsOf } from '../../../../src/domain/stats.ts';
import {
  collidingMessages,
  FIRST_INSTANT,
  instants,
  LAST_INSTANT,
  msisdns,
  providers,
} from '../../../support/arbitraries.ts';
import { openTestDatabase } from '../../../support/sqlite.ts';
import { everyMessage, id, message, micros, number, runs } from '../contract/repository-fixtures.ts';

/** At, just before and just after the limits of periods, on both sides of 1970. */
const limits = fc
  .tuple(
    fc.constantFrom(...PERIOD_WIDTHS),
    fc.constantFrom(-700n, -25n, -2n, -1n, 0n, 1n, 23n, 60n),
    fc.integer({ min: -1, max: 1 }),
  )
  .map(([width, times, beside]) => micros(BigInt(width) * 1_000_000n * times + BigInt(beside)));
const anyInstants = fc.oneof(limits, limits, fc.constantFrom(FIRST_INSTANT, LAST_INSTANT), instants);

const ids = fc.nat(60).map((i) => id(String(i)));
const someMessages = fc.oneof(
  collidingMessages,
  fc.record({
    provider: providers,
    messageId: ids,
    from: fc.oneof(fc.constantFrom('+1', '+10').map(number), msisdns),
    to: msisdns,
    sentAt: anyInstants,
    type: fc.constant('text'),
    text: fc.constantFrom(null, 'a', 'b'),
  }),
);
/** Each call of add, and the number of messages that are counted after it. */
const calls = fc.array(fc.tuple(fc.array(someMessages, { maxLength: 15 }), fc.constantFrom(0, 0, 1, 4, 1_000)), {
  maxLength: 8,
});
type Calls = readonly (readonly [readonly Message[], number])[];

const manyOf = (from: string, count: number, prefix: string): Message[] =>
  Array.from({ length: count }, (_, i) => message(`${prefix}${String(i)}`, { from }));

/** Stores the messages and returns the new ones, as a scan of the table shows them. */
async function storing(all: Calls, test: (db: Knex, stored: readonly Message[]) => Promise<void>): Promise<void> {
  const { db, close } = await openTestDatabase();
  try {
    const repository = sqliteMessageRepository(db);
    for (const [messages, counted] of all) {
      await repository.add(messages);
      if (counted > 0) await deriveNext(db, counted);
    }
    await test(db, await everyMessage(repository));
  } finally {
    await close();
  }
}

describe('periodStart', () => {
  it.each(PERIOD_WIDTHS)('rounds down to a whole number of periods of %d seconds', (width) => {
    const length = BigInt(width) * 1_000_000n;
    fc.assert(
      fc.property(anyInstants, (instant) => {
        const start = periodStart(instant, width);
        expect(start % length).toBe(0n);
        expect(start <= instant && instant < start + length).toBe(true);
      }),
    );
  });
});

describe('After any sequence of adds', () => {
  it('the count before any instant equals a scan', () =>
    fc.assert(
      fc.asyncProperty(calls, fc.array(anyInstants, { maxLength: 6 }), (all, others) =>
        storing(all, async (db, stored) => {
          const ofMessages = stored
            .slice(0, 10)
            .flatMap(({ sentAt }) => [sentAt, sentAt + 1n, periodStart(sentAt, 60)]);
          const inTime = ofMessages
            .filter((instant) => instant >= FIRST_INSTANT && instant <= LAST_INSTANT)
            .map(micros);
          for (const instant of [...others, ...inTime, FIRST_INSTANT, LAST_INSTANT]) {
            const expected = stored.filter(({ sentAt }) => sentAt < instant).length;
            expect([instant, await countBefore(db, sqliteDialect, instant)]).toEqual([instant, expected]);
          }
        }),
      ),
      runs(20),
    ));

  it('the totals, the counts per sender and the statistics equal a scan, whatever part is counted yet', () =>
    fc.assert(
      fc.asyncProperty(calls, (all) =>
        storing(all, async (db, stored) => {
          const senders = new Set([
            ...all.flatMap(([messages]) => messages.map(({ from }) => from)),
            number('+404404'),
          ]);
          for (const sender of senders) {
            expect(await countOfSender(db, sqliteDialect, sender)).toBe(
              stored.filter(({ from }) => from === sender).length,
            );
          }
          expect(await countAll(db, sqliteDialect)).toBe(stored.length);
          expect(await sqliteMessageRepository(db).stats()).toEqual(statsOf(stored));
        }),
      ),
      runs(20),
    ));

  it('the periods of every width add up to the total', () =>
    fc.assert(
      fc.asyncProperty(calls, (all) =>
        storing(all, async (db, stored) => {
          await deriveNext(db, 1_000);
          const rows = await db('period_counts').select('width').sum({ messages: 'messages' }).groupBy('width');
          const sums = (rows as { width: bigint; messages: bigint }[]).map(({ width, messages }) => [
            Number(width),
            Number(messages),
          ]);
          expect(sums).toEqual(stored.length === 0 ? [] : PERIOD_WIDTHS.map((width) => [width, stored.length]));
          const smallest = stored.map(({ sentAt }) => periodStart(sentAt, 60));
          expect(await db('period_counts').where({ width: 60 })).toHaveLength(new Set(smallest).size);
        }),
      ),
      runs(12),
    ));
});

describe('Counting', () => {
  it('ranks a sender of uncounted messages among the counted ones', () =>
    storing(
      [
        [manyOf('+1', 3, 'a').concat(manyOf('+2', 2, 'b')), 1_000],
        [manyOf('+2', 2, 'c').concat(manyOf('+3', 1, 'd')), 0],
      ],
      async (db) => {
        expect(await wrongCounters(db, sqliteDialect)).toEqual([]);
        expect(await sqliteMessageRepository(db).stats()).toMatchObject({
          sendersCount: 3,
          topSenders: [
            { from: '+2', count: 4 },
            { from: '+1', count: 3 },
            { from: '+3', count: 1 },
          ],
        });
        expect(await deriveNext(db, 1_000)).toBe(3);
        expect(await wrongCounters(db, sqliteDialect)).toEqual([]);
      },
    ));

  it('does not count duplicates and conflicts', () => {
    const [a, b] = [message('a', { from: '+1' }), message('b', { from: '+2' })];
    const other = { ...a, from: number('+2'), sentAt: micros(5) };
    const adds: Calls = [
      [[a, a, other], 0],
      [[other, b], 9],
      [[], 9],
      [[b, a], 0],
    ];
    return storing(adds, async (db) => {
      expect(await countAll(db, sqliteDialect)).toBe(2);
      expect([await countOfSender(db, sqliteDialect, a.from), await countOfSender(db, sqliteDialect, b.from)]).toEqual([
        1, 1,
      ]);
      expect(await countBefore(db, sqliteDialect, a.sentAt)).toBe(0);
      expect(await countBefore(db, sqliteDialect, micros(a.sentAt + 1n))).toBe(2);
    });
  });
});
