import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { comparePositions, type Message, type Msisdn } from '../../../../src/domain/message.ts';
import { timestamp } from '../../../../src/domain/timestamp.ts';
import type { UpdateOutcome } from '../../../../src/domain/ingest-outcome.ts';
import { FIRST_INSTANT, LAST_INSTANT, messages } from '../../../support/arbitraries.ts';
import { messageFeedContract } from './message-feed-contract.ts';
import { listingContract } from './message-listing-contract.ts';
import { modelContract } from './message-model-contract.ts';
import { searchContract } from './message-search-contract.ts';
import { statsContract } from './message-stats-contract.ts';
import { timeseriesContract } from './message-timeseries-contract.ts';
import { updatesContract } from './message-updates-contract.ts';
import {
  everyMessage,
  id,
  manyMessages,
  message,
  micros,
  runs,
  withRepositoryOf,
  type OpenRepository,
  type WithRepository,
} from './repository-fixtures.ts';

/**
 * The rules that every message store obeys. `open` returns an empty store; the tests assume nothing else about it,
 * neither a new process nor an order of concurrent calls.
 */
export function messageRepositoryContract(name: string, open: OpenRepository): void {
  const withRepository = withRepositoryOf(open);
  describe(`${name} as a message repository`, () => {
    describe('add and find', () => {
      roundTrip(withRepository);
      sameIdAgain(withRepository);
      atTheSameTime(withRepository);
      wholeCalls(withRepository);
    });
    statsContract(withRepository);
    timeseriesContract(withRepository);
    messageFeedContract(withRepository);
    listingContract(withRepository);
    searchContract(withRepository);
    updatesContract(withRepository);
    modelContract(withRepository);

    it('is healthy', () =>
      withRepository(async (repository) => {
        expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
      }));
  });
}

function roundTrip(withRepository: WithRepository): void {
  it.each<[string, Message]>([
    ['no text', message('a', { text: null })],
    ['an empty text', message('a', { text: '' })],
    ['a text of white space', message('a', { text: ' \n\t ' })],
    ['text that looks like JSON, a number, SQL', message('a', { text: `{"a": [1.0, null]} 007 '; drop table x; --?` })],
    ['all control characters but U+0000', message('a', { text: '\x01\x02\x07\x08\x0b\x1b\x1f\x7f\x85\x9f' })],
    ['the longest text, outside the basic plane', message('a', { text: '\u{10FFFF}'.repeat(4096) })],
    ['the longest id, outside the basic plane', message('\u{1F600}'.repeat(255))],
    ['non-characters and a byte order mark', message('\uFEFF\uFFFE\uFFFF', { text: '\uFEFF\uFFFE\uFFFF' })],
    ['an id of spaces', message(' ')],
    ['an id that is a number', message('007', { text: '1e3' })],
    ['the first instant', message('a', { sentAt: FIRST_INSTANT })],
    ['a microsecond after it', message('a', { sentAt: micros(FIRST_INSTANT + 1n) })],
    ['the last instant', message('a', { sentAt: LAST_INSTANT })],
    ['a microsecond before 1970', message('a', { sentAt: micros(-1) })],
    ['1970', message('a', { sentAt: micros(0) })],
    ['an instant that a number cannot hold', message('a', { sentAt: timestamp('9876-05-04T03:02:01.123457Z') })],
    ['the longest and the shortest number', message('a', { from: '+000000000000000', to: '+9' })],
  ])('keeps %s', (_what, kept) =>
    withRepository(async (repository) => {
      expect(await repository.add([kept])).toEqual(['created']);
      expect(await repository.find(kept.messageId)).toEqual(kept);
      expect(await everyMessage(repository)).toEqual([kept]);
    }),
  );

  it('keeps every field of any messages', () =>
    fc.assert(
      fc.asyncProperty(fc.uniqueArray(messages, { selector: (one) => one.messageId, maxLength: 40 }), (added) =>
        withRepository(async (repository) => {
          expect(await repository.add(added)).toEqual(added.map(() => 'created'));
          expect(await everyMessage(repository)).toEqual(added.toSorted(comparePositions));
          for (const one of added) expect(await repository.find(one.messageId)).toEqual(one);
        }),
      ),
      runs(15),
    ));

  it('finds nothing for an id that only looks the same', () =>
    withRepository(async (repository) => {
      await repository.add([message('caf\u00E9'), message('ab')]);
      for (const other of ['cafe\u0301', 'CAF\u00C9', 'cafe', 'ab ', ' ab', 'aB', 'a_', 'a%', '%', 'a', 'abc']) {
        expect(await repository.find(id(other))).toBeNull();
      }
    }));
}

function sameIdAgain(withRepository: WithRepository): void {
  it('returns no outcomes for no messages', () =>
    withRepository(async (repository) => {
      expect(await repository.add([])).toEqual([]);
      expect((await repository.stats()).totalMessages).toBe(0);
    }));

  const original = message('a', { text: 'first' });
  it.each<[string, Message]>([
    ['from', { ...original, from: '+1' as Msisdn }],
    ['to', { ...original, to: '+1' as Msisdn }],
    ['instant by a microsecond', { ...original, sentAt: micros(original.sentAt + 1n) }],
    ['text', { ...original, text: 'First' }],
    ['text, which is missing', { ...original, text: null }],
    ['text, which is empty', { ...original, text: '' }],
  ])('keeps the first of two messages with one id and reports a conflict for the second: other %s', (_field, other) =>
    withRepository(async (repository) => {
      expect(await repository.add([original])).toEqual(['created']);
      expect(await repository.add([other])).toEqual(['conflict']);
      expect(await repository.add([original])).toEqual(['duplicate']);
      expect(await everyMessage(repository)).toEqual([original]);
    }),
  );

  it('distinguishes no text from an empty text', () =>
    withRepository(async (repository) => {
      await repository.add([message('null', { text: null }), message('empty', { text: '' })]);
      const again = [message('null', { text: '' }), message('empty', { text: null }), message('null', { text: null })];
      expect(await repository.add(again)).toEqual(['conflict', 'conflict', 'duplicate']);
    }));

  it('keeps the first within one call too, whatever was stored before', () =>
    withRepository(async (repository) => {
      const [old, a, b] = [message('old'), message('a'), message('b')];
      const other = (one: Message): Message => ({ ...one, text: 'other' });
      expect(await repository.add([old])).toEqual(['created']);
      const outcomes = await repository.add([a, other(a), other(old), a, b, old, other(b), b, other(a)]);
      expect(outcomes.join()).toBe('created,conflict,conflict,duplicate,created,duplicate,conflict,duplicate,conflict');
      expect(await everyMessage(repository)).toEqual([a, b, old]);
    }));
}

function atTheSameTime(withRepository: WithRepository): void {
  const times = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
  const count = (outcomes: readonly (readonly UpdateOutcome[])[], word: UpdateOutcome): number =>
    outcomes.flat().filter((outcome) => outcome === word).length;

  it('stores one of 50 equal concurrent messages', () =>
    withRepository(async (repository) => {
      const outcomes = await Promise.all(times(50, () => repository.add([message('a')])));
      expect([count(outcomes, 'created'), count(outcomes, 'duplicate')]).toEqual([1, 49]);
      expect(await everyMessage(repository)).toEqual([message('a')]);
      expect((await repository.stats()).totalMessages).toBe(1);
    }));

  it('stores the created one of 50 concurrent messages with one id', () =>
    withRepository(async (repository) => {
      const rivals = times(50, (i) => message('a', { text: String(i), from: `+${String(i)}` }));
      const outcomes = await Promise.all(rivals.map((rival) => repository.add([rival])));
      expect([count(outcomes, 'created'), count(outcomes, 'conflict')]).toEqual([1, 49]);
      const winner = rivals[outcomes.findIndex(([outcome]) => outcome === 'created')];
      expect(await everyMessage(repository)).toEqual([winner]);
      expect((await repository.stats()).topSenders).toEqual([{ from: winner?.from, count: 1 }]);
    }));

  it('serves concurrent calls with the same ids in opposite orders', () =>
    withRepository(async (repository) => {
      const forwards = manyMessages(20);
      const calls = times(20, (i) => (i % 2 === 0 ? forwards : forwards.toReversed()));
      const outcomes = await Promise.all(calls.map((call) => repository.add(call)));
      expect([count(outcomes, 'created'), count(outcomes, 'duplicate')]).toEqual([20, 380]);
      expect(await everyMessage(repository)).toEqual(forwards);
    }));
}

function wholeCalls(withRepository: WithRepository): void {
  it('accepts 2,000 messages in one call', () =>
    withRepository(async (repository) => {
      const added = manyMessages(2_000);
      expect(new Set(await repository.add(added))).toEqual(new Set(['created']));
      expect(await everyMessage(repository)).toEqual(added);
      const again = await repository.add([...added, message('one more')]);
      expect(again).toEqual([...added.map(() => 'duplicate'), 'created']);
    }));

  it('stores all messages of a call, or no message if it cannot store one of them', () =>
    withRepository(async (repository) => {
      await repository.add([message('before')]);
      const broken = { ...message('broken'), from: null as unknown as Msisdn }; // not null in every database
      const stored = await repository.add([message('first'), broken, message('last')]).then(
        () => 3,
        () => 0,
      );
      expect((await repository.stats()).totalMessages).toBe(1 + stored);
      expect(await repository.find(id('first'))).toEqual(stored === 0 ? null : message('first'));
      expect(await repository.find(id('last'))).toEqual(stored === 0 ? null : message('last'));
      expect(await repository.add([message('after'), message('before')])).toEqual(['created', 'duplicate']);
    }));
}
