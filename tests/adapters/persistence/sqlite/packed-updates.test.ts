import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pack, unpack } from '../../../../src/adapters/persistence/sqlite/threads/packed-updates.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import type { NewUpdate } from '../../../../src/domain/update.ts';
import { messages } from '../../../support/arbitraries.ts';

const payloads = fc.array(fc.record({ mediaType: fc.string(), body: fc.uint8Array() }), { minLength: 1, maxLength: 3 });
const kinds = fc.array(fc.record({ message: messages, kind: fc.nat(3), of: fc.nat(2) }), { maxLength: 10 });

it('unpack returns the packed updates, and updates that shared a body share it again', () => {
  fc.assert(
    fc.property(payloads, kinds, (bodies, drawn) => {
      const updates = drawn.map(({ message, kind, of }): NewUpdate => {
        const payload = bodies[of % bodies.length];
        if (kind === 0 || payload === undefined) return message;
        if (kind === 1) return { kind: 'unknown', provider: WEBHOOK, payload };
        if (kind === 2) return { ...message, payload };
        return { kind: 'status', provider: WEBHOOK, messageId: message.messageId, state: 'read', at: message.sentAt };
      });
      const received = unpack(structuredClone(pack(updates)));
      const plain = (all: readonly NewUpdate[]): unknown[] =>
        all.map((update) => {
          if (!('payload' in update)) return update;
          const { mediaType, body } = update.payload;
          return { ...update, payload: [mediaType, Buffer.from(body).toString('hex')] };
        });
      expect(plain(received)).toEqual(plain(updates));
      const payloadOf = (all: readonly NewUpdate[], i: number) => (all[i] as { payload?: object }).payload;
      updates.forEach((_, i) => {
        updates.forEach((_other, j) => {
          expect(payloadOf(received, i) === payloadOf(received, j)).toBe(
            payloadOf(updates, i) === payloadOf(updates, j),
          );
        });
      });
    }),
  );
});
