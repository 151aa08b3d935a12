import { describe, expect, it } from '@jest/globals';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { timestamp } from '../../../../src/domain/timestamp.ts';
import { manyMessages, message, micros, type WithRepository } from './repository-fixtures.ts';

export function timeseriesContract(withRepository: WithRepository): void {
  describe('timeseries', () => {
    const HOUR = 3_600_000_000n;
    const start = timestamp('1969-12-31T23:00:00Z');
    // Both ends, to the microsecond, of one hour before 1970 and one after it.
    const stored = [-1n, 0n, 1n, HOUR - 1n, HOUR, HOUR + 1n, 2n * HOUR - 1n, 2n * HOUR].map((after, i) =>
      message(`m${String(i)}`, { from: i % 2 === 0 ? '+1' : '+2', sentAt: micros(start + after) }),
    );

    it.each([
      ['whole hours', 0n, 2n * HOUR, [3, 3]],
      ['a microsecond less at both ends', 1n, 2n * HOUR - 1n, [2, 2]],
      ['a microsecond more at both ends', -1n, 2n * HOUR + 1n, [1, 3, 3, 1]],
      ['a part of one hour', 1n, HOUR - 1n, [1]],
      ['one microsecond', HOUR, HOUR + 1n, [1]],
      ['nothing', HOUR, HOUR, []],
      ['less than nothing', HOUR, 0n, []],
    ] as const)('counts %s', (_what, since, until, counts) =>
      withRepository(async (repository) => {
        await repository.add(stored);
        const range = { since: micros(start + since), until: micros(start + until) };
        const series = await repository.timeseries(range, 'hour');
        expect(series.map(({ count }) => count)).toEqual(counts);
        for (const from of ['+1', '+2'] as const) {
          const own = stored.filter((one) => one.from === from);
          const model = inMemoryMessageRepository();
          await model.add(own);
          expect(await repository.timeseries(range, 'hour', own[0]?.from)).toEqual(
            await model.timeseries(range, 'hour'),
          );
        }
      }),
    );

    it('equals that of the model while messages are stored', () =>
      withRepository(async (repository) => {
        const model = inMemoryMessageRepository();
        const range = { since: micros(1_736_935_200_000_000n), until: micros(1_736_936_000_000_000n) };
        for (const part of [manyMessages(100), manyMessages(60, 'n'), manyMessages(120)]) {
          await model.add(part);
          await repository.add(part);
          for (const bucket of ['minute', 'hour', 'day'] as const) {
            expect(await repository.timeseries(range, bucket)).toEqual(await model.timeseries(range, bucket));
          }
        }
      }));
  });
}
