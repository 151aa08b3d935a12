import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isErased, isExpired, namesNumber, type ExpiryRule } from '../../src/domain/erasure-rule.ts';
import { comparePositions, type Message } from '../../src/domain/message.ts';
import type { Timestamp } from '../../src/domain/timestamp.ts';
import { collidingMessages, instants, msisdns } from '../support/arbitraries.ts';

const dated = fc.record({ sentAt: instants, receivedAt: fc.option(instants) });
const stored = fc.tuple(collidingMessages, dated).map(([message, dates]) => ({ ...message, ...dates }));
const rules: fc.Arbitrary<ExpiryRule> = fc.record({
  of: fc.constant('age' as const),
  before: instants,
  keepFrom: fc.array(
    collidingMessages.map(({ from }) => from),
    { maxLength: 2 },
  ),
  keepSince: fc.option(
    fc.tuple(collidingMessages, instants).map(([message, sentAt]): Message => ({ ...message, sentAt })),
  ),
});

describe('isExpired', () => {
  /** From so few that the limit is often the instant itself. */
  const near = fc.bigInt({ min: -1n, max: 1n }).map((micros) => micros as Timestamp);
  const nearDated = fc.record({ sentAt: near, receivedAt: fc.option(near) });
  const withLimit = fc.oneof(fc.tuple(dated, instants), fc.tuple(nearDated, near));

  it('nothing is that was received or sent at the limit or later', () => {
    fc.assert(
      fc.property(withLimit, ([{ sentAt, receivedAt }, before]) => {
        const latest = receivedAt !== null && receivedAt > sentAt ? receivedAt : sentAt;
        expect(isExpired({ sentAt, receivedAt }, before)).toBe(latest < before);
      }),
    );
  });

  it('what is expired stays so as time goes on', () => {
    fc.assert(
      fc.property(dated, instants, instants, (message, a, b) => {
        const [early, late] = a < b ? [a, b] : [b, a];
        expect(isExpired(message, early) && !isExpired(message, late)).toBe(false);
      }),
    );
  });
});

describe('isErased by age', () => {
  it('what is kept for its age, its sender or its place is kept whatever the rest of the rule says', () => {
    fc.assert(
      fc.property(stored, rules, (message, rule) => {
        const kept =
          !isExpired(message, rule.before) ||
          rule.keepFrom.includes(message.from) ||
          (rule.keepSince !== null && comparePositions(message, rule.keepSince) >= 0);
        expect(isErased(message, rule)).toBe(!kept);
      }),
    );
  });

  it('each exemption only takes away from what goes', () => {
    fc.assert(
      fc.property(stored, rules, (message, rule) => {
        const bare: ExpiryRule = { ...rule, keepFrom: [], keepSince: null };
        expect(isErased(message, rule) && !isErased(message, bare)).toBe(false);
      }),
    );
  });

  it('with the n-th newest as the place, the n newest stay', () => {
    const end = (2n ** 62n) as Timestamp;
    fc.assert(
      fc.property(
        fc.uniqueArray(stored, { selector: ({ messageId, provider }) => `${messageId} ${provider}` }),
        fc.nat(8),
        (all, n) => {
          const newest = all.toSorted(comparePositions).slice(-1 - n);
          const [keepSince = null] = newest;
          const left = all.filter((message) => !isErased(message, { of: 'age', before: end, keepFrom: [], keepSince }));
          expect(left.toSorted(comparePositions)).toEqual(newest);
        },
      ),
    );
  });
});

describe('isErased of a person', () => {
  it('is every message from the number or to it', () => {
    fc.assert(
      fc.property(stored, collidingMessages, (message, { from: number }) => {
        expect(isErased(message, { of: 'person', number })).toBe(message.from === number || message.to === number);
      }),
    );
  });
});

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

  it('finds a number with its plus sign in any spelling, whatever stands around it', () => {
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

  it('finds one without a plus sign when it is too long to be there by chance', () => {
    fc.assert(
      fc.property(msisdns, around, around, (number, a, b) => {
        expect(namesNumber(`${a}${number.slice(1)}${b}`, number)).toBe(number.length > 7);
      }),
    );
  });

  it('does not find it inside of a longer one', () => {
    fc.assert(
      fc.property(msisdns, fc.nat(9), (number, digit) => {
        expect(namesNumber(`+${number.slice(1)}${String(digit)}`, number)).toBe(false);
        // With a digit more before it, it is another number, plus sign or not.
        expect(namesNumber(`+${String(digit)}${number.slice(1)}x`, number)).toBe(false);
      }),
    );
  });
});
