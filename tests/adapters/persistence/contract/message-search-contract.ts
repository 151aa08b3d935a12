import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { containsIgnoringCase } from '../../../../src/domain/text-folding.ts';
import { everyMessage, manyMessages, message, micros, runs, type WithRepository } from './repository-fixtures.ts';

const TEXTS = [
  ...'straße|STRASSE|Strase|ΟΔΟΣ|οδος|οδοσ|Привет, мир|İstanbul|ISTANBUL|ıstanbul|20 \u212A|ﬁn|fin|K\u0345A'.split('|'),
  ...'100 %|100 _|100 \\|"100"|it\'s|100|a*b|ab|(one)|one AND two|one OR two|NEAR(one two)|^one|text : one'.split('|'),
  ...'caf\u00E9|cafe\u0301|o\u0308ne|😀😁😂|a\uFFFDb|a\uFFFEb|a\uFFFFb|x\ny\tz|\uFEFFmark|one-two| |'.split('|'),
];
const NEEDLES = [
  ...'SS|ẞ|ς|Σ|δος|ПРИВЕТ|K|k|i|ı|%|_|\\|"|\'|*|AND|OR|😁|😀😁|😁😂|0 %|00"|n a|\n|1|e t|\u0301|--|?|one* two'.split(
    '|',
  ),
  ...['\0', 'ab\0', 'a\0b'],
  ...TEXTS.filter((text) => text !== ''),
];

const idsOf = (messages: readonly Message[]): string => messages.map(({ messageId }) => messageId).join();
const search = async (repository: MessageRepository, needle: string): Promise<string> =>
  idsOf(await everyMessage(repository, { contains: needle }));

/** Every store searches as domain/text-folding.ts defines it, whatever index it uses. */
export function searchContract(withRepository: WithRepository): void {
  describe('search', () => {
    it('ignores case as Unicode defines it, and treats every character literally', () =>
      withRepository(async (repository) => {
        const stored = [...TEXTS, null].map((text, i) => message(String(i), { text, sentAt: micros(i) }));
        await repository.add(stored);
        for (const needle of NEEDLES) {
          const expected = stored.filter(({ text }) => text !== null && containsIgnoringCase(text, needle));
          expect([needle, await search(repository, needle)]).toEqual([needle, idsOf(expected)]);
        }
      }));

    it('accepts needles of 1 to 256 characters in texts of 4,096', () =>
      withRepository(async (repository) => {
        const text = 'ab'.repeat(1_000) + 'ß😀'.repeat(1_000) + 'end%' + 'é'.repeat(92);
        await repository.add([message('long', { text }), message('short', { text: 'bc' })]);
        const inside = ['E', 'ND%É', 'ba'.repeat(127) + 'b', 'ẞ😀'.repeat(128), 'É'.repeat(92), 'ss😀sS😀SS', 'A'];
        for (const needle of inside) expect([needle, await search(repository, needle)]).toEqual([needle, 'long']);
        const outside = ['x', 'ab'.repeat(127) + 'aa', 'é'.repeat(93), '😀'.repeat(2), 'end_', 'ab'.repeat(128) + 'ba'];
        for (const needle of outside) expect([needle, await search(repository, needle)]).toEqual([needle, '']);
      }));

    it('returns the number of matches on every page', () =>
      withRepository(async (repository) => {
        await repository.add(manyMessages(300));
        const matching = manyMessages(300).filter(({ text }) => text?.includes('7'));
        for (const offset of [0, 1, 50, matching.length - 1, matching.length]) {
          const page = await repository.list({ contains: '7' }, { offset }, 2);
          expect(page.messages).toEqual(matching.slice(offset, offset + 2));
          expect(page.total).toBe(matching.length);
        }
        expect((await repository.list({ contains: 'TEXT 29' }, { offset: 10 }, 5)).total).toBe(11);
      }));

    it('finds any part of any text, and nothing else', () => {
      const unit = fc.constantFrom(...Array.from('ßẞsSſİıiIσςΣΐŉﬁfkK\u212A\uFFFD\uFFFE\uFFFF𐐀𐐨😀é\u0301%_\\"aA '));
      const parts = fc.array(fc.string({ unit, maxLength: 4 }), { minLength: 1, maxLength: 4 });
      const others = fc.string({ unit, minLength: 1, maxLength: 3 });
      const property = fc.asyncProperty(fc.array(parts, { minLength: 1, maxLength: 12 }), others, (texts, other) =>
        withRepository(async (repository) => {
          const model = inMemoryMessageRepository();
          const added = texts.map((some, i) => message(String(i), { text: some.join('') }));
          for (const one of [model, repository]) await one.add(added);
          const cut = texts.flatMap((some) => [some.slice(1).join(''), some.slice(0, 2).join('')]);
          for (const needle of new Set([other, ...cut, ...cut.map((part) => part.toUpperCase())])) {
            if (needle === '') continue;
            expect([needle, await search(repository, needle)]).toEqual([needle, await search(model, needle)]);
          }
        }),
      );
      return fc.assert(property, runs(14));
    });
  });
}
