import { describe, expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import type { Msisdn } from '../../../../src/domain/message.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../../../support/arbitraries.ts';
import { manyMessages, message, micros, type WithRepository } from './repository-fixtures.ts';

export function statsContract(withRepository: WithRepository): void {
  describe('stats', () => {
    it('are zero and null for an empty store', () =>
      withRepository(async (repository) => {
        const nothing = {
          totalMessages: 0,
          sendersCount: 0,
          topSenders: [],
          firstMessageAt: null,
          lastMessageAt: null,
        };
        expect(await repository.stats()).toEqual(nothing);
      }));

    it('rank ten of many senders; among equals the smaller number by code point is first', () =>
      withRepository(async (repository) => {
        const counts = { '+9': 3, '+10': 3, '+1': 3, '+2': 5, '+30': 1, '+3': 1, '+4': 1, '+5': 1, '+6': 1, '+7': 1 };
        const more = { '+80': 1, '+8': 1, '+08': 4 };
        const added = Object.entries({ ...counts, ...more }).flatMap(([from, count]) =>
          Array.from({ length: count }, (_, i) => message(`${from}/${String(i)}`, { from })),
        );
        await repository.add(added);
        const { topSenders, sendersCount, totalMessages } = await repository.stats();
        const ranking = topSenders.map(({ from, count }) => `${from}:${String(count)}`).join(' ');
        expect(ranking).toBe('+2:5 +08:4 +1:3 +10:3 +9:3 +3:1 +30:1 +4:1 +5:1 +6:1');
        expect({ sendersCount, totalMessages }).toEqual({ sendersCount: 13, totalMessages: added.length });
      }));

    it('count stored messages, not sent ones', () =>
      withRepository(async (repository) => {
        const early = message('early', { from: '+1', sentAt: micros(-5) });
        const late = message('late', { from: '+2', sentAt: LAST_INSTANT });
        await repository.add([late, late, early, { ...late, from: '+3' as Msisdn, sentAt: FIRST_INSTANT }]);
        await repository.add([{ ...early, from: '+4' as Msisdn }]);
        expect(await repository.stats()).toEqual({
          totalMessages: 2,
          sendersCount: 2,
          topSenders: [
            { from: '+1', count: 1 },
            { from: '+2', count: 1 },
          ],
          firstMessageAt: early.sentAt,
          lastMessageAt: late.sentAt,
        });
      }));

    it('equal those of the model', () =>
      withRepository(async (repository) => {
        const model = inMemoryMessageRepository();
        for (const part of [manyMessages(100), manyMessages(50, 'n'), manyMessages(120)]) {
          await model.add(part);
          await repository.add(part);
          expect(await repository.stats()).toEqual(await model.stats());
        }
      }));
  });
}
