import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MessageRepository } from '../../../src/application/ports.ts';
import { comparePlaces, isNews, type ArrivedMessage, type Place } from '../../../src/domain/arrival.ts';
import { messageKey, type Message } from '../../../src/domain/message.ts';
import { collidingMessages } from '../../support/arbitraries.ts';
import { manyMessages, message, micros, runs, type WithRepository } from './repository-fixtures.ts';

export function arrivalsContract(withRepository: WithRepository): void {
  describe('arrivals', () => {
    it('begin with what is stored after the latest, in the order of storing, whatever its instant', () =>
      withRepository(async (repository) => {
        await repository.add([message('before')]);
        const latest = await repository.latestArrival();
        expect(await following(repository, latest, 0)).toEqual([]);
        for (const [i, instant] of [5, -7, 0].entries()) {
          await repository.add([message(`m${String(i)}`, { sentAt: micros(instant) })]);
        }
        expect(ids(await following(repository, latest, 3))).toEqual(['m0', 'm1', 'm2']);
      }));

    it('are what was stored and not what was sent again', () =>
      withRepository(async (repository) => {
        const latest = await repository.latestArrival();
        await repository.add([message('a')]);
        await repository.add([message('a'), message('a', { text: 'other' }), message('b')]);
        await repository.add([message('b')]);
        const arrived = await following(repository, latest, 2);
        expect(arrived.map((one) => one.message)).toEqual([message('a'), message('b')]);
      }));

    it.each([1, 2, 7, 100])('come once each, %d at a time, from every place on', (limit) =>
      withRepository(async (repository) => {
        const latest = await repository.latestArrival();
        for (let i = 0; i < 5; i++) await repository.add(manyMessages(5, `${String(i)}-`));
        const all = await following(repository, latest, 25, limit);
        expect(all).toHaveLength(25);
        expect(all.map(({ message: { messageId } }) => messageId[0]).join('')).toBe('0000011111222223333344444');
        for (const [i, { place }] of all.entries()) {
          expect(await following(repository, place, 24 - i, limit)).toEqual(all.slice(i + 1));
        }
      }),
    );

    it('have places in their order, the latest behind all of them', () =>
      withRepository(async (repository) => {
        const first = await repository.latestArrival();
        await repository.add(manyMessages(20));
        const places = (await following(repository, first, 20)).map(({ place }) => place);
        const order = [first, ...places, await repository.latestArrival()];
        for (const [i, place] of places.entries()) {
          expect(comparePlaces(order[i] ?? place, place)).toBeLessThanOrEqual(i === 0 ? 0 : -1);
          expect(comparePlaces(place, order.at(-1) ?? place)).toBeLessThanOrEqual(0);
        }
      }));

    it('are not known of another epoch or the future', () =>
      withRepository(async (repository) => {
        await repository.add([message('a')]);
        const latest = await repository.latestArrival();
        expect(await repository.arrivals({ ...latest, epoch: 'another' }, 10)).toBe('unknown_place');
        expect(await repository.arrivals({ ...latest, epoch: '' }, 10)).toBe('unknown_place');
        expect(await repository.arrivals({ ...latest, at: latest.at + 1_000_000n }, 10)).toBe('unknown_place');
        expect(await repository.arrivals({ ...latest, at: 2n ** 62n }, 10)).toBe('unknown_place');
        expect(await repository.arrivals(latest, 10)).not.toBe('unknown_place');
      }));

    it('hold, call by call, all that was stored and nothing twice, wherever reading was split', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.oneof(fc.array(collidingMessages, { maxLength: 4 }), fc.integer({ min: 1, max: 5 })), {
            maxLength: 12,
          }),
          (steps) =>
            withRepository(async (repository) => {
              let place = await repository.latestArrival();
              const seen: Message[] = [];
              const stored = new Set<string>();
              for (const step of [...steps, 1]) {
                if (typeof step === 'number') {
                  for (const arrived of await following(repository, place, stored.size - seen.length, step)) {
                    seen.push(arrived.message);
                    place = arrived.place;
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

const ids = (arrived: readonly ArrivedMessage[]): string[] => arrived.map(({ message: { messageId } }) => messageId);

/**
 * What is news after a place, page by page, as soon as it is so many: a store may hold back for a while what was stored beside
 * something that is still under way.
 */
async function following(
  repository: MessageRepository,
  after: Place,
  count: number,
  limit = 100,
): Promise<ArrivedMessage[]> {
  const all: ArrivedMessage[] = [];
  for (;;) {
    const page = await repository.arrivals(all.at(-1)?.place ?? after, limit);
    if (page === 'unknown_place') throw new Error('a place that the store gave is not known to it');
    all.push(...page);
    const news = all.filter(({ place }) => isNews(place, after));
    if (page.length < limit && news.length >= count) return news;
  }
}
