import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import { compareStreamPositions, type FeedEntry, type StreamPosition } from '../../../../src/domain/stream-position.ts';
import { messageKey, type Message } from '../../../../src/domain/message.ts';
import { collidingMessages } from '../../../support/arbitraries.ts';
import { manyMessages, message, micros, runs, type WithRepository } from './repository-fixtures.ts';

export function messageFeedContract(withRepository: WithRepository): void {
  describe('readFeed', () => {
    it('begins after the end, in commit order, whatever the timestamps', () =>
      withRepository(async (repository) => {
        await repository.add([message('before')]);
        const end = await repository.feedEnd();
        expect(await following(repository, end, 0)).toEqual([]);
        for (const [i, instant] of [5, -7, 0].entries()) {
          await repository.add([message(`m${String(i)}`, { sentAt: micros(instant) })]);
        }
        expect(ids(await following(repository, end, 3))).toEqual(['m0', 'm1', 'm2']);
      }));

    it('contains stored messages, and no duplicates', () =>
      withRepository(async (repository) => {
        const end = await repository.feedEnd();
        await repository.add([message('a')]);
        await repository.add([message('a'), message('a', { text: 'other' }), message('b')]);
        await repository.add([message('b')]);
        const arrived = await following(repository, end, 2);
        expect(arrived.map((one) => one.message)).toEqual([message('a'), message('b')]);
      }));

    it.each([1, 2, 7, 100])('returns each message once, %d per page, from every position', (limit) =>
      withRepository(async (repository) => {
        const end = await repository.feedEnd();
        for (let i = 0; i < 5; i++) await repository.add(manyMessages(5, `${String(i)}-`));
        const all = await following(repository, end, 25, limit);
        expect(all).toHaveLength(25);
        expect(all.map(({ message: { messageId } }) => messageId[0]).join('')).toBe('0000011111222223333344444');
        for (const [i, { position }] of all.entries()) {
          expect(await following(repository, position, 24 - i, limit)).toEqual(all.slice(i + 1));
        }
      }),
    );

    it('has ascending positions, all of them before the end', () =>
      withRepository(async (repository) => {
        const first = await repository.feedEnd();
        await repository.add(manyMessages(20));
        const positions = (await following(repository, first, 20)).map(({ position }) => position);
        const order = [first, ...positions, await repository.feedEnd()];
        for (const [i, position] of positions.entries()) {
          expect(compareStreamPositions(order[i] ?? position, position)).toBeLessThanOrEqual(i === 0 ? 0 : -1);
          expect(compareStreamPositions(position, order.at(-1) ?? position)).toBeLessThanOrEqual(0);
        }
      }));

    it('does not know positions of another epoch or in the future', () =>
      withRepository(async (repository) => {
        await repository.add([message('a')]);
        const end = await repository.feedEnd();
        expect(await repository.readFeed({ ...end, epoch: 'another' }, 10)).toBe('unknown_position');
        expect(await repository.readFeed({ ...end, epoch: '' }, 10)).toBe('unknown_position');
        expect(await repository.readFeed({ ...end, at: end.at + 1_000_000n }, 10)).toBe('unknown_position');
        expect(await repository.readFeed({ ...end, at: 2n ** 62n }, 10)).toBe('unknown_position');
        expect(await repository.readFeed(end, 10)).not.toBe('unknown_position');
      }));

    it('returns every stored message exactly once, however the reads are split', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.array(collidingMessages, { maxLength: 4 }), fc.integer({ min: 1, max: 5 })), {
            maxLength: 12,
          }),
          (steps) =>
            withRepository(async (repository) => {
              let position = await repository.feedEnd();
              const seen: Message[] = [];
              const stored = new Set<string>();
              for (const step of [...steps, 1]) {
                if (typeof step === 'number') {
                  for (const arrived of await following(repository, position, stored.size - seen.length, step)) {
                    seen.push(arrived.message);
                    position = arrived.position;
                  }
                  expect(seen.map(messageKey).sort()).toEqual([...stored].sort());
                } else {
                  const outcomes = await repository.add(step);
                  for (const [i, one] of step.entries()) if (outcomes[i] === 'created') stored.add(messageKey(one));
                }
              }
            }),
        ),
        runs(15),
      ));
  });
}

const ids = (arrived: readonly FeedEntry[]): string[] => arrived.map(({ message: { messageId } }) => messageId);

/**
 * The new entries after a position, page by page, as soon as there are `count`: a store may hold back messages while an older
 * transaction is in flight.
 */
async function following(
  repository: MessageRepository,
  after: StreamPosition,
  count: number,
  limit = 100,
): Promise<FeedEntry[]> {
  const all: FeedEntry[] = [];
  let position = after;
  for (;;) {
    const page = await repository.readFeed(position, limit);
    if (page === 'unknown_position') throw new Error('the store does not know a position that it issued');
    all.push(...page.entries);
    position = page.position;
    if (page.entries.length < limit && all.length >= count) return all;
  }
}
