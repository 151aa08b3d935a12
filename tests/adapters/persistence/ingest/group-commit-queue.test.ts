import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { heldRepository } from './held-repository.ts';
import { message, turnOfTheLoop } from '../contract/repository-fixtures.ts';

function queueing(maxQueued = 100) {
  const store = heldRepository();
  const metrics = recordingMetrics();
  const repository = groupCommit(store, { maxGroup: 100, maxQueued, metrics, tracer: NO_TRACING });
  const add = (ids: string) => repository.add(Array.from(ids, (letter) => message(letter)));
  return { store, metrics, repository, add };
}

describe('The queue', () => {
  it('rejects excess messages immediately, and accepts messages again when some are stored', async () => {
    const { store, add, metrics } = queueing(4);
    const taken = [add('a')];
    const first = await store.next();
    taken.push(add('bc'));
    await expect(add('de')).rejects.toThrow(StoreUnavailable);
    taken.push(add('f')); // what fits is accepted
    await expect(add('g')).rejects.toMatchObject({ name: 'StoreUnavailable', retryAfterSeconds: 1 });
    first.succeed();
    const second = await store.next();
    expect(second.ids).toBe('b,c,f');
    taken.push(add('h'));
    await expect(add('i')).rejects.toThrow(StoreUnavailable);
    second.succeed();
    (await store.next()).succeed();
    await Promise.all(taken);
    await turnOfTheLoop();
    expect(store.calls).toEqual(['a', 'b,c,f', 'h']);
    expect(Math.max(...metrics.queueDepths)).toBe(4);
  });

  it('accepts messages again after a failed commit', async () => {
    const { store, add } = queueing(1);
    const failed = add('a').catch((error: unknown) => error);
    const call = await store.next();
    await expect(add('b')).rejects.toThrow(StoreUnavailable);
    const error = new Error('poison');
    call.fail(error);
    expect(await failed).toBe(error);
    await turnOfTheLoop();
    const later = add('c');
    (await store.next()).succeed();
    expect(await later).toEqual(['created']);
  });

  it('accepts a call larger than itself while it is empty, and then nothing more', async () => {
    const { store, add } = queueing(3);
    const large = add('abcde');
    await expect(add('f')).rejects.toThrow(StoreUnavailable);
    (await store.next()).succeed();
    expect(await large).toHaveLength(5);
    await turnOfTheLoop();
    const small = add('g');
    await expect(add('hijkl')).rejects.toThrow(StoreUnavailable);
    (await store.next()).succeed();
    expect(await small).toEqual(['created']);
  });

  it('is not used up by empty or rejected calls', async () => {
    const { store, add } = queueing(2);
    const taken = [add('ab')];
    for (let i = 0; i < 5; i++) await expect(add('c')).rejects.toThrow(StoreUnavailable);
    expect(await add('')).toEqual([]);
    (await store.next()).succeed();
    await Promise.all(taken);
    await turnOfTheLoop();
    taken.push(add('d'), add('e'));
    (await store.next()).succeed();
    expect(await Promise.all(taken)).toEqual([['created', 'created'], ['created'], ['created']]);
  });
});

describe('drain', () => {
  it('waits for commits in flight and for the queue, and rejects later calls', async () => {
    const { store, add, repository } = queueing();
    const order: string[] = [];
    const taken = [add('a').then(() => order.push('a'))];
    const first = await store.next();
    taken.push(add('b').then(() => order.push('b')));
    const drained = Promise.all([repository.drain(), repository.drain()]).then(() => order.push('drained'));
    await expect(add('c')).rejects.toThrow(StoreUnavailable);
    first.succeed();
    const second = await store.next();
    await turnOfTheLoop();
    expect(order).toEqual(['a']);
    second.succeed();
    await Promise.all([...taken, drained]);
    expect(order).toEqual(['a', 'b', 'drained']);
    await expect(add('d')).rejects.toThrow(StoreUnavailable);
    await turnOfTheLoop();
    expect(store.calls).toEqual(['a', 'b']);
  });

  it('resolves when the last commits failed', async () => {
    const { store, add, repository } = queueing();
    const failed = [add('a'), add('b')].map((outcome) => outcome.catch(() => 'failed'));
    const drained = repository.drain();
    (await store.next()).fail(new StoreUnavailable('away'));
    await drained;
    expect(await Promise.all(failed)).toEqual(['failed', 'failed']);
  });

  it('rejects what waits, and waits for no commit, once its signal aborts', async () => {
    const { store, add, repository, metrics } = queueing();
    const first = add('a');
    const held = await store.next();
    const waiting = ['bc', 'd'].map((ids) => expect(add(ids)).rejects.toThrow(StoreUnavailable));
    const late = new AbortController();
    const drained = repository.drain(late.signal);
    await turnOfTheLoop();
    late.abort();
    await Promise.all([drained, ...waiting]);
    expect(metrics.queueDepths.at(-1)).toBe(1);
    held.succeed(); // the commit in flight still tells its caller
    expect(await first).toEqual(['created']);
    expect(store.calls).toEqual(['a']);
    await repository.drain(AbortSignal.abort());
  });

  it('resolves immediately if nothing is pending, and reads still work', async () => {
    const { repository, add } = queueing();
    await repository.drain();
    await expect(add('a')).rejects.toThrow(StoreUnavailable);
    expect((await repository.stats()).totalMessages).toBe(0);
  });
});

describe('Metrics', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('report the size, the duration and the outcome of every commit', async () => {
    let milliseconds = 5_000;
    jest.spyOn(performance, 'now').mockImplementation(() => milliseconds);
    const { store, add, metrics } = queueing();
    const outcomes = [add('a')];
    const first = await store.next();
    outcomes.push(add('bc'), add('d'), add('e'));
    milliseconds += 250;
    first.succeed();
    for (const [time, fails] of [
      [20, true],
      [3, false],
      [1, true],
      [2_000, false],
    ] as const) {
      const call = await store.next();
      milliseconds += time;
      if (fails) call.fail(new Error('not storable'));
      else call.succeed();
    }
    await Promise.allSettled(outcomes);
    expect(metrics.commits).toEqual([
      { messages: 1, seconds: 0.25, outcome: 'committed' },
      { messages: 4, seconds: 0.02, outcome: 'failed' },
      { messages: 2, seconds: 0.003, outcome: 'committed' },
      { messages: 1, seconds: 0.001, outcome: 'failed' },
      { messages: 1, seconds: 2, outcome: 'committed' },
    ]);
  });

  it('count a failed commit once, and the queue down to zero in every case', async () => {
    const { store, add, metrics } = queueing(3);
    const outcomes = [add('a'), add('bc'), add('d')];
    (await store.next()).fail(new StoreUnavailable('away'));
    expect((await Promise.allSettled(outcomes)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
    await turnOfTheLoop();
    expect(metrics.commits).toEqual([{ messages: 3, seconds: expect.any(Number), outcome: 'failed' }]);
    expect(metrics.queueDepths).toEqual([1, 3, 0]);
  });

  it('follow the queue up and down', async () => {
    const { store, add, metrics } = queueing();
    const outcomes = [add('ab')];
    const first = await store.next();
    outcomes.push(add('c'), add('def'));
    first.succeed();
    (await store.next()).succeed();
    await Promise.all(outcomes);
    await turnOfTheLoop();
    expect(metrics.queueDepths).toEqual([2, 3, 6, 4, 0]);
    expect(metrics.commits.map(({ messages }) => messages)).toEqual([2, 4]);
  });
});
