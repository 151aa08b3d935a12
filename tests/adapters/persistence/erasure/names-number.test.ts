import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { namesNumber } from '../../../../src/adapters/persistence/erasure/names-number.ts';
import { msisdns } from '../../../support/arbitraries.ts';

describe('namesNumber', () => {
  const around = fc.constantFrom(
    '',
    ' ',
    '"',
    'a',
    '\n',
    '=',
    '&',
    ':',
    'é',
    '%22',
    '%20',
    '%c2%a0',
    '\\u0022',
    '\\u00e0',
  );

  it('finds a number after a plus sign in any spelling, with any text around it', () => {
    fc.assert(
      fc.property(
        msisdns,
        around,
        around,
        fc.constantFrom('+', '%2B', '%2b', '\\u002B', '\\u002b'),
        (number, a, b, plus) => {
          expect(namesNumber(`${a}${plus}${number.slice(1)}${b}`, number)).toBe(true);
        },
      ),
    );
  });

  it('finds a number without a plus sign if it is too long to occur by chance', () => {
    fc.assert(
      fc.property(msisdns, around, around, (number, a, b) => {
        expect(namesNumber(`${a}${number.slice(1)}${b}`, number)).toBe(number.length > 7);
      }),
    );
  });

  it('does not find a number inside a longer one', () => {
    fc.assert(
      fc.property(msisdns, fc.nat(9), (number, digit) => {
        expect(namesNumber(`+${number.slice(1)}${String(digit)}`, number)).toBe(false);
        // One more digit in front makes it another number, with or without a plus sign.
        expect(namesNumber(`+${String(digit)}${number.slice(1)}x`, number)).toBe(false);
      }),
    );
  });
});
