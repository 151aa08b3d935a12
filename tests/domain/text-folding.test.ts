import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { containsIgnoringCase, foldCase } from '../../src/domain/text-folding.ts';
import { oneOf, textCharacters, texts } from '../support/arbitraries.ts';

const everyCharacter: string[] = [];
for (let code = 0; code <= 0x10ffff; code++) {
  if (code < 0xd800 || code > 0xdfff) everyCharacter.push(String.fromCodePoint(code));
}

/** The characters for which case matters at all, in the engine's own tables. */
const cased = everyCharacter.join('').match(/\p{Changes_When_Casemapped}/gu) ?? [];

const characters = (text: string): string[] => Array.from(text);
const codes = (text: string): string[] => characters(text).map((one) => one.codePointAt(0)?.toString(16) ?? '');

describe('foldCase', () => {
  it('changes only characters with case, and nothing when repeated, for every character', () => {
    const changed = everyCharacter.filter((character) => foldCase(character) !== character);
    const withCase = new Set(cased);
    expect(changed.filter((character) => !withCase.has(character))).toEqual([]);
    expect(changed.filter((character) => foldCase(foldCase(character)) !== foldCase(character))).toEqual([]);
    expect(changed.length).toBeGreaterThan(1400);
  });

  it('makes two characters equal exactly when the engine, folding by Unicode, calls them equal', () => {
    const all = cased.join('');
    const byFolding = Map.groupBy(cased, foldCase);
    const disagreeing = cased.filter((character) => {
      const byEngine = all.match(new RegExp(character, 'giu')) ?? [];
      return byEngine.join('') !== byFolding.get(foldCase(character))?.join('');
    });
    expect(cased.length).toBeGreaterThan(2500);
    expect(disagreeing).toEqual([]);
  });

  it.each([
    ['ß', 'ss'],
    ['ẞ', 'ss'],
    ['ﬁ', 'fi'],
    ['ﬃ', 'ffi'],
    ['ﬅ', 'st'],
    ['և', 'եւ'],
    ['\u0130', 'i\u0307'],
    ['\u0149', '\u02BCn'],
    ['\u01F0', 'j\u030C'],
    ['\u0390', '\u03B9\u0308\u0301'],
    ['\u1E96', 'h\u0331'],
    ['\u1F80', '\u1F00\u03B9'],
    ['\u1F88', '\u1F00\u03B9'],
    ['\u1FB3', '\u03B1\u03B9'],
  ])('folds %s in full, as CaseFolding.txt (status F) lists it', (character, folded) => {
    expect(codes(foldCase(character))).toEqual(codes(folded));
  });

  it('folds a character in the same way at every index', () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        expect(foldCase(a + b)).toBe(foldCase(a) + foldCase(b));
      }),
    );
    expect(foldCase('ΟΔΟΣ')).toBe('οδοσ');
  });
});

describe('containsIgnoringCase', () => {
  it.each([
    ['Hello', 'hELL'],
    ['straße', 'STRASSE'],
    ['STRASSE', 'straße'],
    ['straße', 'ẞ'],
    ['οδος', 'ΟΔΟΣ'],
    ['ΟΔΟΣ', 'οδος'],
    ['οδοσ', 'οδος'],
    ['Привет', 'ПРИВЕТ'],
    ['ﬁn', 'FIN'],
    ['ſee', 'SEE'],
    ['20 \u212A', '20 k'],
    ['Ǆ', 'ǆ'],
    ['ǅ', 'Ǆ'],
    ['𐐀', '𐐨'],
    ['ꭰ', 'Ꭰ'],
    ['İ', 'i\u0307'],
    ['İstanbul', 'i'],
    ['😀😁', '😁'],
    ['anything', ''],
  ])('finds in %p the needle %p', (text, needle) => {
    expect(containsIgnoringCase(text, needle)).toBe(true);
  });

  it.each([
    ['dotless i is not i', 'ı', 'i'],
    ['i is not dotless i', 'I', 'ı'],
    ['a composed é is not e with an accent', '\u00E9', 'e\u0301'],
    ['e with an accent is not a composed é', 'e\u0301', '\u00E9'],
    ['an accent counts', 'résumé', 'resume'],
    ['a full-width letter is not a narrow one', 'Ａ', 'a'],
    ['order counts', 'ab', 'ba'],
    ['an empty text has nothing but nothing in it', '', 'a'],
  ])('%s', (_rule, text, needle) => {
    expect(containsIgnoringCase(text, needle)).toBe(false);
  });

  it.each(characters('%_\\"\'*?.^$|+()[]{}'))('takes %s for itself', (mark) => {
    expect(containsIgnoringCase(`a${mark}b`, mark)).toBe(true);
    expect(containsIgnoringCase(`A${mark}B`, `a${mark}b`)).toBe(true);
    expect(containsIgnoringCase('axb', `a${mark}b`)).toBe(false);
    expect(containsIgnoringCase('ab', mark)).toBe(false);
  });

  it('finds a text, and every part of it, in itself', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), (text, from, length) => {
        const all = characters(text);
        const start = from % (all.length + 1);
        const part = all.slice(start, start + (length % (all.length + 1))).join('');
        expect(containsIgnoringCase(text, text)).toBe(true);
        expect(containsIgnoringCase(text, part)).toBe(true);
      }),
    );
  });

  it('ignores the case of text and needle alike', () => {
    const inAnotherCase = fc.constantFrom(
      (text: string) => text.toUpperCase(),
      (text: string) => text.toLowerCase(),
      (text: string) => text.replace(/Σ/g, 'ς'),
      foldCase,
    );
    const plain = fc.string({ unit: textCharacters.filter((character) => character !== 'ı'), maxLength: 50 });
    fc.assert(
      fc.property(plain, plain, plain, inAnotherCase, (before, needle, after, change) => {
        expect(containsIgnoringCase(before + needle + after, change(needle))).toBe(true);
        expect(containsIgnoringCase(before + change(needle) + after, needle)).toBe(true);
      }),
    );
  });

  it('finds two texts in each other only if they differ just in case', () => {
    const short = fc.string({ unit: oneOf('ßẞsSſςσıiI'), maxLength: 3 });
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(containsIgnoringCase(a, b) && containsIgnoringCase(b, a)).toBe(foldCase(a) === foldCase(b));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with the engine where folding keeps the length', () => {
    const unit = oneOf('aAkK\u212AsSſσςΣOoıiIйЙ%_.😀𐐀𐐨');
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 8 }), fc.string({ unit, maxLength: 2 }), (text, needle) => {
        const pattern = characters(needle)
          .map((character) => `\\u{${codes(character).join('')}}`)
          .join('');
        expect(containsIgnoringCase(text, needle)).toBe(new RegExp(pattern, 'iu').test(text));
      }),
      { numRuns: 1000 },
    );
  });
});
