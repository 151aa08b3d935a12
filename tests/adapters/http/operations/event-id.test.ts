import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeEventId, encodeEventId } from '../../../../src/adapters/http/operations/events/event-id.ts';
import { messageKey } from '../../../../src/domain/message.ts';
import { characters, messageIds, providers } from '../../../support/arbitraries.ts';

const numbers = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
const positions = fc.record(
  {
    epoch: fc.string({ unit: characters, maxLength: 20 }),
    at: numbers,
    key: fc.oneof(fc.constant(''), fc.record({ messageId: messageIds, provider: providers }).map(messageKey)),
    start: fc.array(numbers, { minLength: 1, maxLength: 101 }),
  },
  { requiredKeys: ['epoch', 'at', 'key'] },
);
const UNKNOWN = { epoch: '', at: 0n, key: '' };
const written = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('the id of an event', () => {
  it('decodes to the position that it encodes, and fits into a header', () => {
    fc.assert(
      fc.property(positions, (position) => {
        const id = encodeEventId(position);
        expect(id).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeEventId(id)).toEqual(position);
      }),
    );
  });

  it('decodes any other text to a position that no store knows', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: characters }), fc.base64String(), fc.json().map(written)), (word) => {
        expect(decodeEventId(word)).toEqual(UNKNOWN);
      }),
    );
    for (const parts of [
      ['e', '-1', ''],
      ['e', '1.5', ''],
      ['e', 1, ''],
      ['e', String(2n ** 63n), ''],
      ['e', '1', 'a\0'],
      ['e', '1', '\ud800'],
      ['e', '1', 'id\u0001No Provider'],
      ['e', '1', 'id\u0001standard\u0001\0'],
      ['e', '1'],
      [null, '1', ''],
      ['e', '1', '', 2],
      ['e', '1', '', '2', '-1'],
      ['e', '1', '', String(2n ** 63n)],
      ['e', '1', '', null],
      ['e', '1', '', '200', ...Array.from({ length: 101 }, (_, i) => String(i))],
    ]) {
      expect([parts, decodeEventId(written(parts))]).toEqual([parts, UNKNOWN]);
    }
    // As the previous version wrote it: the end of the settled part, and the transactions in flight.
    expect(decodeEventId(written(['e', '7', 'id', '12', '8', '10']))).toEqual({
      epoch: 'e',
      at: 7n,
      key: 'id',
      start: [12n, 8n, 10n],
    });
    expect(decodeEventId(written(['e', String(2n ** 63n - 1n), '']))).toEqual({
      epoch: 'e',
      at: 2n ** 63n - 1n,
      key: '',
    });
  });
});
