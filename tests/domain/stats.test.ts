import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newMessage, type Message } from '../../src/domain/message.ts';
import { compareSenders, statsOf, TOP_SENDERS, type SenderCount } from '../../src/domain/stats.ts';
import { timestamp } from '../../src/domain/timestamp.ts';
import { collidingMessages, messages, msisdns } from '../support/arbitraries.ts';

const fewSenders = fc.array(collidingMessages, { maxLength: 30 });
const manySenders = fc.array(fc.oneof(messages, collidingMessages), { maxLength: 40 });

const sum = (counts: readonly SenderCount[]): number => counts.reduce((total, { count }) => total + count, 0);

const sentBy = (from: string, index = 0): Message =>
  newMessage({
    messageId: `${from} ${index.toString()}`,
    from,
    to: '+1',
    sentAt: timestamp('2025-01-15T10:00:00Z'),
    text: null,
  });

describe('statsOf', () => {
  it('returns zeros and nulls without messages', () => {
    expect(statsOf([])).toEqual({
      totalMessages: 0,
      sendersCount: 0,
      topSenders: [],
      firstMessageAt: null,
      lastMessageAt: null,
    });
  });

  it('counts messages and senders and finds the first and the last instant', () => {
    const at = (instant: string): Message => ({ ...sentBy('+2'), sentAt: timestamp(instant) });
    const stats = statsOf([
      at('2025-01-12T00:00:00Z'),
      at('2025-01-15T10:00:00Z'),
      at('2025-01-10T09:00:00Z'),
      sentBy('+1'),
    ]);
    expect(stats).toEqual({
      totalMessages: 4,
      sendersCount: 2,
      topSenders: [
        { from: '+2', count: 3 },
        { from: '+1', count: 1 },
      ],
      firstMessageAt: timestamp('2025-01-10T09:00:00Z'),
      lastMessageAt: timestamp('2025-01-15T10:00:00Z'),
    });
  });

  it('lists ten senders; with equal counts, the smaller number comes first, compared by character', () => {
    const senders = ['+9', '+10', '+2', '+11', '+3', '+12', '+4', '+13', '+5', '+14', '+6', '+15'];
    const stats = statsOf([...senders.map((from) => sentBy(from)), sentBy('+9', 1)]);
    expect(stats.sendersCount).toBe(12);
    expect(stats.topSenders.map(({ from }) => from)).toEqual([
      '+9',
      '+10',
      '+11',
      '+12',
      '+13',
      '+14',
      '+15',
      '+2',
      '+3',
      '+4',
    ]);
  });

  it('agrees with a plain count over all messages', () => {
    fc.assert(
      fc.property(manySenders, (all) => {
        const stats = statsOf(all);
        expect(stats.totalMessages).toBe(all.length);
        expect(stats.sendersCount).toBe(new Set(all.map(({ from }) => from)).size);
        expect(stats.topSenders).toHaveLength(Math.min(TOP_SENDERS, stats.sendersCount));
        for (const { from, count } of stats.topSenders) {
          expect(count).toBe(all.filter((message) => message.from === from).length);
        }
      }),
    );
  });

  it('lists no sender with fewer messages than an unlisted one', () => {
    fc.assert(
      fc.property(manySenders, (all) => {
        const listed = statsOf(all).topSenders;
        const last = listed.at(-1);
        const omitted = all.map(({ from }) => from).filter((from) => !listed.some((sender) => sender.from === from));
        expect(listed).toEqual(listed.toSorted(compareSenders));
        for (const from of omitted) {
          const count = all.filter((message) => message.from === from).length;
          expect(last !== undefined && compareSenders(last, { from, count }) < 0).toBe(true);
        }
      }),
    );
  });

  it('accounts for every message when at most ten senders wrote', () => {
    fc.assert(
      fc.property(fewSenders, (all) => {
        const stats = statsOf(all);
        expect(sum(stats.topSenders)).toBe(stats.totalMessages);
      }),
    );
  });

  it('spans exactly the timestamps of the messages', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(messages, collidingMessages), { minLength: 1, maxLength: 20 }), (all) => {
        const { firstMessageAt, lastMessageAt } = statsOf(all);
        const sorted = all.map(({ sentAt }) => sentAt).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        expect([firstMessageAt, lastMessageAt]).toEqual([sorted.at(0), sorted.at(-1)]);
        expect(firstMessageAt !== null && lastMessageAt !== null && firstMessageAt <= lastMessageAt).toBe(true);
      }),
    );
  });

  it('does not depend on the order of the messages', () => {
    const shuffled = manySenders.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, reordered]) => {
        expect(statsOf(reordered)).toEqual(statsOf(all));
      }),
    );
  });

  it('adds up over two sets of messages', () => {
    fc.assert(
      fc.property(fewSenders, fewSenders, (some, others) => {
        const [whole, a, b] = [statsOf([...some, ...others]), statsOf(some), statsOf(others)];
        const countIn = ({ topSenders }: typeof whole, from: string): number =>
          topSenders.find((sender) => sender.from === from)?.count ?? 0;
        expect(whole.totalMessages).toBe(a.totalMessages + b.totalMessages);
        for (const { from, count } of whole.topSenders) expect(count).toBe(countIn(a, from) + countIn(b, from));
        const firsts = [a.firstMessageAt, b.firstMessageAt].filter((instant) => instant !== null);
        const lasts = [a.lastMessageAt, b.lastMessageAt].filter((instant) => instant !== null);
        expect(whole.firstMessageAt).toBe(firsts.length === 0 ? null : firsts.reduce((x, y) => (x < y ? x : y)));
        expect(whole.lastMessageAt).toBe(lasts.length === 0 ? null : lasts.reduce((x, y) => (x > y ? x : y)));
      }),
    );
  });

  it('reads any iterable once', () => {
    const once = [sentBy('+1'), sentBy('+2')].values();
    expect(statsOf(once).totalMessages).toBe(2);
  });
});

describe('compareSenders', () => {
  it('is 0 only for the same count and number, and reverses with its arguments', () => {
    const counts = fc.record({
      from: fc.oneof(
        msisdns,
        collidingMessages.map(({ from }) => from),
      ),
      count: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(counts, counts, (a, b) => {
        expect(compareSenders(a, b) < 0).toBe(compareSenders(b, a) > 0);
        expect(compareSenders(a, b) === 0).toBe(a.from === b.from && a.count === b.count);
        if (a.count !== b.count) expect(compareSenders(a, b) < 0).toBe(a.count > b.count);
      }),
    );
  });
});
