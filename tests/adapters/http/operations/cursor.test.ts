import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeCursor, encodeCursor } from '../../../../src/adapters/http/operations/messages/cursor.ts';
import type { MessageFilter } from '../../../../src/application/ports/store.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { characters, instants, messageIds, msisdns, providers, texts } from '../../../support/arbitraries.ts';

const positions = fc.record({ sentAt: instants, messageId: messageIds, provider: providers });
const filters: fc.Arbitrary<MessageFilter> = fc.record(
  { from: msisdns, since: instants, until: instants, contains: texts },
  { requiredKeys: [] },
);

/** Filters that are easily mistaken for one another. */
const alike: MessageFilter[] = [
  {},
  { from: '+1' as never },
  { contains: '+1' },
  { contains: '' },
  { contains: 'null' },
  { since: 1n as never },
  { until: 1n as never },
  { contains: '1' },
  { since: 1n as never, until: 1n as never },
  { contains: 'a' },
  { contains: 'A' },
  { contains: '",null' },
];

describe('a cursor', () => {
  it('decodes to the position that it encodes, for the same filter', () => {
    fc.assert(
      fc.property(positions, filters, (position, filter) => {
        expect(decodeCursor(encodeCursor(position, filter), { ...filter })).toEqual(position);
      }),
    );
  });

  it('is rejected in the other order, and has ascending order if it names none', () => {
    fc.assert(
      fc.property(positions, filters, (position, filter) => {
        const [plain, asc, desc] = [undefined, 'asc', 'desc'].map((order) =>
          encodeCursor(position, filter, order as 'asc' | undefined),
        );
        expect(asc).toBe(plain);
        expect(decodeCursor(desc ?? '', filter, 'desc')).toEqual(position);
        expect(decodeCursor(asc ?? '', filter, 'desc')).toBeNull();
        expect(decodeCursor(desc ?? '', filter)).toBeNull();
      }),
    );
  });

  it('needs no escaping in a URL, and fits into the limit', () => {
    fc.assert(
      fc.property(positions, filters, (position, filter) => {
        expect(encodeCursor(position, filter)).toMatch(/^[A-Za-z0-9_-]{1,2048}$/);
      }),
    );
  });

  it('is rejected for any other filter', () => {
    const pairs = fc.tuple(fc.oneof(filters, fc.constantFrom(...alike)), fc.oneof(filters, fc.constantFrom(...alike)));
    const written = ({ from, since, until, contains }: MessageFilter): string =>
      JSON.stringify([from, since, until, contains].map((part) => (part === undefined ? [] : [String(part)])));
    fc.assert(
      fc.property(positions, pairs, (position, [one, other]) => {
        fc.pre(written(one) !== written(other));
        expect(decodeCursor(encodeCursor(position, one), other)).toBeNull();
      }),
    );
    for (const one of alike) {
      for (const other of alike.filter((filter) => filter !== one)) {
        const cursor = encodeCursor({ sentAt: 0n as never, messageId: 'a' as never, provider: WEBHOOK }, one);
        expect(decodeCursor(cursor, other)).toBeNull();
      }
    }
  });

  it('is rejected, without an exception, if it is anything else', () => {
    const json = fc.json().map((text) => Buffer.from(text).toString('base64url'));
    const nearly = fc
      .array(fc.oneof(fc.string(), fc.constantFrom('2025-01-15T10:00:00Z', 'm1', null, 1, {}, '')), { maxLength: 4 })
      .map((parts) => Buffer.from(JSON.stringify(parts)).toString('base64url'));
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: characters }), fc.base64String(), json, nearly),
        filters,
        (word, filter) => {
          expect(decodeCursor(word, filter)).toBeNull();
        },
      ),
    );
  });

  it('is rejected with an impossible instant or id', () => {
    const real = Buffer.from(
      encodeCursor({ sentAt: 0n as never, messageId: 'm1' as never, provider: WEBHOOK }, {}),
      'base64url',
    ).toString();
    const forged = (from: string, to: string): string => Buffer.from(real.replace(from, to)).toString('base64url');
    expect(decodeCursor(forged('m1', 'm2'), {})).toEqual({ sentAt: 0n, messageId: 'm2', provider: WEBHOOK });
    expect(decodeCursor(forged('1970-01-01', '1970-02-30'), {})).toBeNull();
    expect(decodeCursor(forged('"m1"', '""'), {})).toBeNull();
    expect(decodeCursor(forged('m1', '\\u0000'), {})).toBeNull();
    expect(decodeCursor(forged('"m1"', '["m1"]'), {})).toBeNull();
  });
});
