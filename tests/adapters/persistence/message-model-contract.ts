import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../../src/adapters/persistence/in-memory-message-repository.ts';
import type { MessageFilter, MessageRepository, PageStart } from '../../../src/application/ports.ts';
import type { Message } from '../../../src/domain/message.ts';
import { collidingMessages, FIRST_INSTANT, instants, LAST_INSTANT } from '../../support/arbitraries.ts';
import { micros, runs, type WithRepository } from './repository-fixtures.ts';

/** Around the limits of a minute, an hour, a day and 1024 days, on both sides of 1970, and the ends of time. */
const periodLimits = fc
  .record({
    width: fc.constantFrom(60n, 3_600n, 86_400n, 88_473_600n),
    times: fc.constantFrom(-20n, -2n, -1n, 0n, 1n, 2n, 19n),
    beside: fc.constantFrom(-1n, 0n, 1n),
  })
  .map(({ width, times, beside }) => micros(width * 1_000_000n * times + beside));
const times = fc.oneof(periodLimits, fc.constantFrom(FIRST_INSTANT, LAST_INSTANT), instants);

const someMessages = fc.oneof(
  collidingMessages,
  fc.tuple(collidingMessages, times).map(([message, sentAt]): Message => ({ ...message, sentAt })),
  fc.tuple(collidingMessages, times, fc.nat(40)).map(([message, sentAt, i]): Message => ({
    ...message,
    sentAt,
    messageId: `${message.messageId}${String(i)}` as Message['messageId'],
  })),
);

const needles = fc.constantFrom(
  's',
  'ss',
  'STRASSE',
  'straße',
  'Traß',
  'οδοσ',
  'ΔΟς',
  '%',
  '_',
  '\\',
  '"',
  ' %_\\"',
  '100',
  'x',
  'no such',
);

const filters: fc.Arbitrary<MessageFilter> = fc.record(
  { from: collidingMessages.map(({ from }) => from), since: times, until: times, contains: needles },
  { requiredKeys: [] },
);

const starts: fc.Arbitrary<PageStart> = fc.oneof(
  fc.nat(30).map((offset) => ({ offset })),
  someMessages.map(({ sentAt, messageId }) => ({ after: { sentAt, messageId } })),
);

type Operation = (repository: MessageRepository) => Promise<unknown>;

/** An operation that shows what it does when a run that failed is printed. */
function operation(method: 'add' | 'find' | 'list' | 'stats', args: readonly unknown[]): Operation {
  const run: Operation = (repository) =>
    (repository[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  return Object.assign(run, {
    [fc.toStringMethod]: () => `${method}(${args.map((arg) => fc.stringify(arg)).join(', ')})`,
  });
}

const operations = fc.oneof(
  { weight: 4, arbitrary: fc.array(someMessages, { maxLength: 8 }).map((added) => operation('add', [added])) },
  { weight: 1, arbitrary: someMessages.map(({ messageId }) => operation('find', [messageId])) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(filters, starts, fc.integer({ min: 1, max: 12 }))
      .map(([filter, start, limit]) => operation('list', [filter, start, limit])),
  },
  { weight: 1, arbitrary: fc.constant(operation('stats', [])) },
);

/** Any sequence of operations gives what the in-memory repository gives, so tests elsewhere may use it for any other. */
export function modelContract(withRepository: WithRepository): void {
  it('answers any sequence of operations as the model does', () =>
    fc.assert(
      fc.asyncProperty(fc.array(operations, { minLength: 5, maxLength: 40, size: 'max' }), (sequence) =>
        withRepository(async (repository) => {
          const model = inMemoryMessageRepository();
          for (const run of sequence) expect(await run(repository)).toEqual(await run(model));
          expect(await repository.stats()).toEqual(await model.stats());
          const all = [{}, { offset: 0 }, 10_000] as const;
          expect(await repository.list(...all)).toEqual(await model.list(...all));
        }),
      ),
      runs(20),
    ));
}
