import { describe, expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import type { MessageFilter, PageStart } from '../../../../src/application/ports/store.ts';
import { comparePositions, type Message, type Order } from '../../../../src/domain/message.ts';
import { timestamp } from '../../../../src/domain/timestamp.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../../../support/arbitraries.ts';
import { everyMessage, id, message, micros, number, type WithRepository } from './repository-fixtures.ts';

const NOON = timestamp('2025-01-15T12:00:00Z');
const ids = (messages: readonly Message[]): string[] => messages.map(({ messageId }) => messageId);
const shuffled = <T>(values: readonly T[]): T[] => values.toSorted((a, b) => digest(a) - digest(b));

/** A deterministic order that is unrelated to the values. */
function digest(value: unknown): number {
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part));
  return Array.from(text).reduce((sum, character) => (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521, 7);
}

export function listingContract(withRepository: WithRepository): void {
  describe('list', () => {
    paging(withRepository);
    filtering(withRepository);
  });
}

function paging(withRepository: WithRepository): void {
  // The instants are a microsecond, a minute, an hour, a day, 1024 days or thousands of years apart.
  const instants = [
    FIRST_INSTANT,
    -1n,
    0n,
    59_999_999n,
    60_000_000n,
    NOON,
    NOON + 1n,
    NOON + 61_000_000n,
    LAST_INSTANT,
  ];
  const stored = instants.flatMap((sentAt, i) =>
    ['c', 'a', 'b'].map((letter) => message(`${letter}${String(i)}`, { sentAt: micros(sentAt) })),
  );
  const ordered = stored.toSorted(comparePositions);

  it('returns an empty page for an empty store', () =>
    withRepository(async (repository) => {
      const nothing = { messages: [], total: 0, hasMore: false };
      expect(await repository.list({}, { offset: 0 }, 10)).toEqual(nothing);
      expect(await repository.list({}, { offset: 7 }, 10)).toEqual(nothing);
      expect(await repository.list({}, { after: { sentAt: NOON, messageId: id('a'), provider: WEBHOOK } }, 10)).toEqual(
        nothing,
      );
    }));

  it('orders by instant, then by the code points of the id', () =>
    withRepository(async (repository) => {
      const sameInstant = ['', '!', 'A', 'B', 'a', 'a!', 'aa', 'b', '\u007E', '\u00E9', '\uD7FF', '\uE000', '\uFFFD'];
      sameInstant.push('\uFFFF', '\u{10000}', '\u{1F600}', '\u{10FFFF}');
      const inOrder = sameInstant.map((end) => message(`x${end}`, { sentAt: NOON }));
      const earlier = message('z', { sentAt: micros(NOON - 1n) });
      const later = message('0', { sentAt: micros(NOON + 1n) });
      await repository.add(shuffled([later, ...inOrder, earlier]));
      expect(ids(await everyMessage(repository))).toEqual(ids([earlier, ...inOrder, later]));
    }));

  const inOrder = { asc: ordered, desc: ordered.toReversed() };
  const each = (limits: readonly number[]): [number, Order][] =>
    limits.flatMap((limit): [number, Order][] => [
      [limit, 'asc'],
      [limit, 'desc'],
    ]);

  it.each(each([1, 3, 26, 27, 28]))('returns every message once by offset, %d at a time, %s', (limit, order) =>
    withRepository(async (repository) => {
      await repository.add(shuffled(stored));
      for (let offset = 0; offset < stored.length + 2; offset++) {
        expect(await repository.list({}, { offset }, limit, order)).toEqual({
          messages: inOrder[order].slice(offset, offset + limit),
          total: stored.length,
          hasMore: offset + limit < stored.length,
        });
      }
    }),
  );

  it.each(each([1, 2, 4, 27]))('returns every message once by position, %d at a time, %s', (limit, order) =>
    withRepository(async (repository) => {
      await repository.add(shuffled(stored));
      const seen: Message[] = [];
      let start: PageStart = { offset: 0 };
      for (let hasMore = true; hasMore;) {
        const page = await repository.list({}, start, limit, order);
        expect(page.total).toBe(stored.length);
        expect(page.messages.length).toBe(Math.min(limit, stored.length - seen.length));
        seen.push(...page.messages);
        const last = page.messages.at(-1);
        if (last !== undefined) start = { after: last };
        ({ hasMore } = page);
      }
      expect(seen).toEqual(inOrder[order]);
      expect(await repository.list({}, start, limit, order)).toEqual({
        messages: [],
        total: stored.length,
        hasMore: false,
      });
    }),
  );

  it('continues after a position without a message', () =>
    withRepository(async (repository) => {
      await repository.add(stored);
      for (const between of ['', 'a', 'a5~', 'b5', '\uFFFF', '\u{1F600}']) {
        const after = { sentAt: NOON, messageId: id(between), provider: WEBHOOK };
        const { messages } = await repository.list({}, { after }, 100);
        expect(messages).toEqual(ordered.filter((one) => comparePositions(one, after) > 0));
        const back = await repository.list({}, { after }, 100, 'desc');
        expect(back.messages).toEqual(inOrder.desc.filter((one) => comparePositions(one, after) < 0));
      }
    }));

  it('neither repeats nor skips stored messages by position while others are stored', () =>
    withRepository(async (repository) => {
      await repository.add(stored);
      const first = await repository.list({}, { offset: 0 }, 10);
      const last = first.messages[9] ?? message('none');
      await repository.add([message('early', { sentAt: micros(-2) }), message('zlate', { sentAt: LAST_INSTANT })]);
      const { messages, total } = await repository.list({}, { after: last }, 100);
      expect(ids([...first.messages, ...messages])).toEqual([...ids(ordered), 'zlate']);
      expect(total).toBe(stored.length + 2);
    }));

  it('returns nothing beyond the end, however far', () =>
    withRepository(async (repository) => {
      await repository.add(stored);
      for (const offset of [27, 28, 2 ** 31, 2 ** 51, Number.MAX_SAFE_INTEGER]) {
        for (const filter of [{}, { from: stored[0]?.from }, { since: micros(0) }, { contains: 'hello' }]) {
          const { messages, total, hasMore } = await repository.list(filter as MessageFilter, { offset }, 1_000);
          expect({ messages, hasMore }).toEqual({ messages: [], hasMore: false });
          expect(total).toBe('since' in filter ? 21 : 27);
        }
      }
    }));
}

function filtering(withRepository: WithRepository): void {
  const choices = {
    from: ['+1', '+10', '+404'].map(number),
    since: [micros(-1), micros(NOON + 1n), micros(NOON + 60_000_000n), LAST_INSTANT],
    until: [FIRST_INSTANT, micros(0), micros(NOON + 1n), micros(NOON + 59_999_999n)],
    contains: ['s', 'STRASSE', '%'],
  };
  const stored = ['+1', '+10'].flatMap((from) =>
    [FIRST_INSTANT, -1n, 0n, NOON, NOON + 1n, NOON + 59_999_999n, NOON + 60_000_000n, LAST_INSTANT].flatMap(
      (sentAt, i) =>
        [null, 'straße', '10 %'].map((text, k) =>
          message(`${String((i * 7 + k * 5) % 11)}${from}${String(i)}${String(k)}`, {
            from,
            sentAt: micros(sentAt),
            text,
          }),
        ),
    ),
  );
  const filters = combinations(choices);

  it('applies every filter and combination of filters, from every kind of start', () =>
    withRepository(async (repository) => {
      const model = inMemoryMessageRepository();
      for (const one of [model, repository]) await one.add(shuffled(stored));
      const middle = stored[20] ?? message('none');
      const starts: PageStart[] = [{ offset: 0 }, { offset: 5 }, { after: middle }];
      expect(filters).toHaveLength(4 * 5 * 5 * 4);
      for (const [i, filter] of filters.entries()) {
        const start = starts[i % 3] ?? { offset: 0 };
        const limit = 1 + (i % 7);
        for (const order of ['asc', 'desc'] as const) {
          const answer = await repository.list(filter, start, limit, order);
          expect({ filter, start, limit, order, ...answer }).toEqual({
            ...{ filter, start, limit, order },
            ...(await model.list(filter, start, limit, order)),
          });
        }
      }
    }));

  it('treats since as inclusive and until as exclusive, to the microsecond', () =>
    withRepository(async (repository) => {
      const [before, at, behind] = [-1n, 0n, 1n].map((d) => message(`at${String(d)}`, { sentAt: micros(NOON + d) }));
      await repository.add([behind, at, before].filter((one) => one !== undefined));
      expect(await everyMessage(repository, { since: NOON })).toEqual([at, behind]);
      expect(await everyMessage(repository, { until: NOON })).toEqual([before]);
      expect(await everyMessage(repository, { since: NOON, until: micros(NOON + 1n) })).toEqual([at]);
      expect(await everyMessage(repository, { since: NOON, until: NOON })).toEqual([]);
    }));

  it.each([{}, { from: number('+1') }, { contains: 's' }])('finds nothing until before since, with %p', (others) =>
    withRepository(async (repository) => {
      await repository.add(stored);
      const filter = { ...others, since: micros(NOON + 1n), until: micros(-1) };
      expect(await repository.list(filter, { offset: 0 }, 10)).toEqual({ messages: [], total: 0, hasMore: false });
    }),
  );
}

/** Every choice of one value or no value for each name. */
function combinations(choices: Readonly<Record<string, readonly unknown[]>>): MessageFilter[] {
  return Object.entries(choices).reduce<MessageFilter[]>(
    (filters, [name, values]) => [
      ...filters,
      ...filters.flatMap((one) => values.map((value) => ({ ...one, [name]: value }))),
    ],
    [{}],
  );
}
