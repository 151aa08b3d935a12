import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isErased, isExpired, type ExpiryRule } from '../../src/domain/erasure-rule.ts';
import { comparePositions, type Message } from '../../src/domain/message.ts';
import type { Timestamp } from '../../src/domain/timestamp.ts';
import { collidingMessages, instants } from '../support/arbitraries.ts';

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
  /** So few instants that the limit is often equal to one of them. */
  const near = fc.bigInt({ min: -1n, max: 1n }).map((micros) => micros as Timestamp);
  const nearDated = fc.record({ sentAt: near, receivedAt: fc.option(near) });
  const withLimit = fc.oneof(fc.tuple(dated, instants), fc.tuple(nearDated, near));

  it('is false for a message sent or received at the limit or later', () => {
    fc.assert(
      fc.property(withLimit, ([{ sentAt, receivedAt }, before]) => {
        const latest = receivedAt !== null && receivedAt > sentAt ? receivedAt : sentAt;
        expect(isExpired({ sentAt, receivedAt }, before)).toBe(latest < before);
      }),
    );
  });

  it('stays true as time passes', () => {
    fc.assert(
      fc.property(dated, instants, instants, (message, a, b) => {
        const [early, late] = a < b ? [a, b] : [b, a];
        expect(isExpired(message, early) && !isExpired(message, late)).toBe(false);
      }),
    );
  });
});

describe('isErased by age', () => {
  it('keeps a message for its age, its sender or its position, whatever the rest of the rule says', () => {
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

  it('erases no additional message because of an exemption', () => {
    fc.assert(
      fc.property(stored, rules, (message, rule) => {
        const bare: ExpiryRule = { ...rule, keepFrom: [], keepSince: null };
        expect(isErased(message, rule) && !isErased(message, bare)).toBe(false);
      }),
    );
  });

  it('keeps the n newest messages if the position is that of the n-th newest', () => {
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
  it('selects every message from the number or to it', () => {
    fc.assert(
      fc.property(stored, collidingMessages, (message, { from: number }) => {
        expect(isErased(message, { of: 'person', number })).toBe(message.from === number || message.to === number);
      }),
    );
  });
});
