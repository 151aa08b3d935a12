import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import type { MessageFilter, MessageRepository, PageStart } from '../../../../src/application/ports/store.ts';
import { messageKey, type Message } from '../../../../src/domain/message.ts';
import { WEBHOOK } from '../../../../src/domain/provider.ts';
import { BUCKET_SECONDS, type Bucket } from '../../../../src/domain/timeseries.ts';
import type { NewUpdate } from '../../../../src/domain/update.ts';
import { collidingMessages, FIRST_INSTANT, instants, LAST_INSTANT } from '../../../support/arbitraries.ts';
import { micros, runs, type WithRepository } from './repository-fixtures.ts';

/** Instants around the limits of a minute, an hour, a day and 1024 days, on both sides of 1970, and at the ends of time. */
const periodLimits = fc
  .record({
    width: fc.constantFrom(60n, 3_600n, 86_400n, 88_473_600n),
    times: fc.constantFrom(-20n, -2n, -1n, 0n, 1n, 2n, 19n),
    beside: fc.constantFrom(-1n, 0n, 1n),
  })
  .map(({ width, times, beside }) => micros(width * 1_000_000n * times + beside));
export const times = fc.oneof(periodLimits, fc.constantFrom(FIRST_INSTANT, LAST_INSTANT), instants);

export const someMessages = fc.oneof(
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

export const filters: fc.Arbitrary<MessageFilter> = fc.record(
  { from: collidingMessages.map(({ from }) => from), since: times, until: times, contains: needles },
  { requiredKeys: [] },
);

export const starts: fc.Arbitrary<PageStart> = fc.oneof(
  fc.nat(30).map((offset) => ({ offset })),
  someMessages.map((after) => ({ after })),
);

/** A range of some buckets or a part of one, sometimes empty; its ends are often limits of a bucket. */
const ranges = fc
  .record({
    bucket: fc.constantFrom<Bucket>('minute', 'hour', 'day'),
    since: times,
    buckets: fc.integer({ min: 0, max: 40 }),
    beside: fc.oneof(fc.constantFrom(-1n, 0n, 1n), fc.bigInt({ min: -90_000_000n, max: 90_000_000n })),
  })
  .map(({ bucket, since, buckets, beside }) => {
    const until = since + BigInt(buckets * BUCKET_SECONDS[bucket]) * 1_000_000n + beside;
    const within = until < FIRST_INSTANT ? FIRST_INSTANT : until > LAST_INSTANT ? LAST_INSTANT : until;
    return { bucket, range: { since, until: micros(within) } };
  });

const payloads = fc.record({
  mediaType: fc.constantFrom('application/json', 'application/json; charset=utf-8'),
  body: fc.uint8Array({ maxLength: 6 }),
});

const statuses = fc
  .tuple(collidingMessages, fc.constantFrom('sent', 'delivered', 'read', 'failed', 'new state'))
  .map(([{ provider, messageId, sentAt: at }, state]): NewUpdate => ({
    kind: 'status',
    provider,
    messageId,
    state,
    at,
  }));

/** A delivery of any updates, sometimes with its body, a delivery id, or messages that are timed by their receipt. */
export const calls = fc
  .record({
    payload: fc.option(payloads, { nil: undefined }),
    deliveryId: fc.option(fc.constantFrom('d1', 'd2'), { nil: undefined, freq: 5 }),
    receivedAt: fc.option(instants, { nil: undefined }),
    traceId: fc.option(fc.constantFrom('t1', 't2'), { nil: undefined }),
    updates: fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.tuple(someMessages, fc.boolean()) },
        { weight: 1, arbitrary: statuses },
        { weight: 1, arbitrary: fc.constant('unknown' as const) },
      ),
      { maxLength: 8 },
    ),
  })
  .map(({ payload, deliveryId, receivedAt, traceId, updates }) =>
    updates.flatMap((update): NewUpdate[] => {
      if (update === 'unknown') return payload ? [{ kind: 'unknown', provider: WEBHOOK, payload }] : [];
      if (!Array.isArray(update)) return [update];
      const [message, sentAtReceipt] = update;
      // A delivery with an id has one message, because no rule says which of several would win.
      const delivery = deliveryId !== undefined && updates.length === 1 && { deliveryId };
      const arrival = { ...(receivedAt !== undefined && { receivedAt }), ...(traceId && { traceId }) };
      return [{ ...message, ...(payload && { payload }), ...delivery, ...arrival, sentAtReceipt }];
    }),
  );

type Operation = (repository: MessageRepository) => Promise<unknown>;

/** An operation that describes itself in the output of a failed run. */
function operation(method: Exclude<keyof MessageRepository, 'health'>, args: readonly unknown[]): Operation {
  const run: Operation = (repository) =>
    (repository[method] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
  return Object.assign(run, {
    [fc.toStringMethod]: () => `${method}(${args.map((arg) => fc.stringify(arg)).join(', ')})`,
  });
}

const operations = fc.oneof(
  { weight: 4, arbitrary: calls.map((updates) => operation('add', [updates])) },
  { weight: 1, arbitrary: someMessages.map(({ messageId }) => operation('find', [messageId])) },
  { weight: 1, arbitrary: someMessages.map(({ messageId, provider }) => operation('find', [messageId, provider])) },
  { weight: 1, arbitrary: someMessages.map((message) => operation('findStatus', [messageKey(message)])) },
  { weight: 1, arbitrary: someMessages.map((message) => operation('findPayload', [messageKey(message)])) },
  { weight: 1, arbitrary: someMessages.map((message) => operation('findReceipt', [messageKey(message)])) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(filters, starts, fc.integer({ min: 1, max: 12 }), fc.constantFrom('asc', 'desc', undefined))
      .map((args) => operation('list', args)),
  },
  { weight: 1, arbitrary: fc.constant(operation('stats', [])) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(ranges, fc.option(collidingMessages, { nil: undefined }))
      .map(([{ range, bucket }, message]) => operation('timeseries', [range, bucket, message?.from])),
  },
);

/** Bytes as text, because the databases return them in different classes. */
export function plain(answer: unknown): unknown {
  const isPayload = typeof answer === 'object' && answer !== null && 'body' in answer;
  return isPayload ? { ...answer, body: Buffer.from(answer.body as Uint8Array).toString('hex') } : answer;
}

/** Any sequence of operations has the results of the in-memory repository, so other tests may use that one. */
export function modelContract(withRepository: WithRepository): void {
  it('answers any sequence of operations as the model does', () =>
    fc.assert(
      fc.asyncProperty(fc.array(operations, { minLength: 5, maxLength: 40, size: 'max' }), (sequence) =>
        withRepository(async (repository) => {
          const model = inMemoryMessageRepository();
          for (const run of sequence) expect(plain(await run(repository))).toEqual(plain(await run(model)));
          expect(await repository.stats()).toEqual(await model.stats());
          const all = [{}, { offset: 0 }, 10_000] as const;
          expect(await repository.list(...all)).toEqual(await model.list(...all));
        }),
      ),
      runs(20),
    ));
}
