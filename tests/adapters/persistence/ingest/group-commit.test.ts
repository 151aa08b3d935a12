import { describe, expect, it } from '@jest/globals';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { heldRepository, pickyRepository } from './held-repository.ts';
import { id, message, turnOfTheLoop } from '../contract/repository-fixtures.ts';

function grouping({ maxGroup = 100, maxQueued = 100, maxCommits = 1, store = heldRepository() } = {}) {
  const metrics = recordingMetrics();
  const repository = groupCommit(store, { maxGroup, maxQueued, maxCommits, metrics, tracer: NO_TRACING });
  const add = (ids: string) => repository.add(Array.from(ids, (letter) => message(letter)));
  return { store, metrics, repository, add };
}

/** Whether it settles without further input. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const answered = promise.then(
    () => true,
    () => true,
  );
  const waited = (async () => {
    for (let turn = 0; turn < 20; turn++) await turnOfTheLoop();
    return false;
  })();
  return Promise.race([answered, waited]);
}

describe('A group', () => {
  it('of one lone message is committed immediately', async () => {
    const { store, add } = grouping();
    const outcome = add('a');
    await turnOfTheLoop();
    await turnOfTheLoop();
    expect(store.calls).toEqual(['a']);
    (await store.next()).succeed();
    expect(await outcome).toEqual(['created']);
  });

  it('contains the calls since the last commit began, in order', async () => {
    const { store, add } = grouping();
    const outcomes = [add('a')];
    const first = await store.next();
    outcomes.push(add('b'), add('cd'));
    await turnOfTheLoop();
    outcomes.push(add('e'));
    for (let turn = 0; turn < 5; turn++) await turnOfTheLoop();
    expect(store.calls).toEqual(['a']); // one commit at a time
    first.succeed();
    (await store.next()).succeed();
    expect(await Promise.all(outcomes)).toEqual([['created'], ['created'], ['created', 'created'], ['created']]);
    expect(store.calls).toEqual(['a', 'b,c,d,e']);
  });

  it('contains all calls of one turn of the event loop, including the first', async () => {
    const { store, add } = grouping();
    const outcomes = [add('a'), add('b')];
    await Promise.resolve();
    outcomes.push(add('c'));
    expect((await store.next()).ids).toBe('a,b,c');
    expect(outcomes).toHaveLength(3);
  });

  it('is answered only after its commit', async () => {
    const { store, add } = grouping();
    const outcome = add('a');
    const call = await store.next();
    expect(await settled(outcome)).toBe(false);
    call.succeed();
    expect(await settled(outcome)).toBe(true);
  });

  it('contains up to maxGroup messages, but never splits a call', async () => {
    const { store, add } = grouping({ maxGroup: 3 });
    const outcomes = ['ab', 'cd', 'e', 'fghi', 'j', 'kl', 'm'].map(add);
    for (let group = 0; group < 5; group++) (await store.next()).succeed();
    await Promise.all(outcomes);
    expect(store.calls).toEqual(['a,b', 'c,d,e', 'f,g,h,i', 'j,k,l', 'm']);
  });

  it('returns to each caller the outcomes of its own messages', async () => {
    const { store, repository } = grouping();
    const [a, other, b] = [message('a'), message('a', { text: 'other' }), message('b')];
    const calls = [[a], [other, b], [], [b, a], [b]].map((messages) => repository.add(messages));
    (await store.next()).succeed();
    expect(await Promise.all(calls)).toEqual([
      ['created'],
      ['conflict', 'created'],
      [],
      ['duplicate', 'duplicate'],
      ['duplicate'],
    ]);
  });

  it('starts before the previous one is answered', async () => {
    const { store, add } = grouping();
    const begun: number[] = [];
    const first = add('a').then(() => begun.push(store.calls.length));
    const call = await store.next();
    const second = add('b');
    call.succeed();
    await first;
    expect(begun).toEqual([2]);
    (await store.next()).succeed();
    await second;
  });

  it('is committed concurrently with others, up to maxCommits', async () => {
    const { store, add, repository } = grouping({ maxCommits: 2 });
    const outcomes = [add('a')];
    const first = await store.next();
    outcomes.push(add('b'));
    const second = await store.next();
    outcomes.push(add('c'), add('d'));
    for (let turn = 0; turn < 5; turn++) await turnOfTheLoop();
    expect(store.calls).toEqual(['a', 'b']);
    second.succeed();
    expect(await outcomes[1]).toEqual(['created']);
    const third = await store.next();
    expect(third.ids).toBe('c,d');
    const drained = repository.drain();
    third.succeed();
    expect(await settled(drained)).toBe(false); // the first is still in flight
    first.succeed();
    await drained;
    expect(await Promise.all(outcomes)).toEqual([['created'], ['created'], ['created'], ['created']]);
  });

  it('is never empty', async () => {
    const { store, repository } = grouping();
    expect(await repository.add([])).toEqual([]);
    await turnOfTheLoop();
    expect(store.calls).toEqual([]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 10])('starts with an add that comes %d steps after the last answer', async (steps) => {
    const repository = groupCommit(pickyRepository(), {
      maxGroup: 9,
      maxQueued: 9,
      metrics: recordingMetrics(),
      tracer: NO_TRACING,
    });
    await repository.add([message('a')]);
    for (let step = 0; step < steps; step++) await Promise.resolve();
    const next = repository.add([message('b')]);
    await turnOfTheLoop();
    const last = repository.add([message('c')]);
    const all = Promise.all([next, last]);
    expect(await settled(all)).toBe(true);
    expect(await all).toEqual([['created'], ['created']]);
  });
});

describe('A failed commit', () => {
  it('caused by one message fails only its sender: the others are retried separately', async () => {
    const { store, add } = grouping();
    const outcomes = Promise.allSettled([add('a'), add('bc'), add('d')]);
    const [whole, poison] = [new Error('whole'), new Error('poison')];
    (await store.next()).fail(whole);
    (await store.next()).succeed();
    (await store.next()).fail(poison);
    (await store.next()).succeed();
    expect(await outcomes).toEqual([
      { status: 'fulfilled', value: ['created'] },
      { status: 'rejected', reason: poison },
      { status: 'fulfilled', value: ['created'] },
    ]);
    expect(store.calls).toEqual(['a,b,c,d', 'a', 'b,c', 'd']);
  });

  it('is not retried if it contained one call', async () => {
    const { store, add } = grouping();
    const outcome = Promise.allSettled([add('ab')]);
    const error = new Error('poison');
    (await store.next()).fail(error);
    expect(await outcome).toEqual([{ status: 'rejected', reason: error }]);
    expect(store.calls).toEqual(['a,b']);
  });

  it('of an unavailable store fails the whole group immediately, and no later call', async () => {
    const { store, add } = grouping();
    const first = Promise.allSettled([add('a'), add('b'), add('c')]);
    const call = await store.next();
    const second = add('d');
    const away = new StoreUnavailable('away');
    call.fail(away);
    expect(await first).toEqual(Array(3).fill({ status: 'rejected', reason: away }));
    (await store.next()).succeed();
    expect(await second).toEqual(['created']);
    expect(store.calls).toEqual(['a,b,c', 'd']);
  });
});

describe('Reading', () => {
  it('bypasses the queue', async () => {
    const { store, repository, add } = grouping();
    const outcome = add('a');
    const call = await store.next();
    expect(await repository.find(id('a'))).toBeNull();
    expect(await repository.list({}, { offset: 0 }, 1)).toEqual({ messages: [], total: 0, hasMore: false });
    expect((await repository.stats()).totalMessages).toBe(0);
    expect(await repository.health()).toEqual({ database: 'ok', schema: 'ok' });
    call.succeed();
    await outcome;
    expect(await repository.find(id('a'))).toEqual(message('a'));
  });
});

it('A commit that stored a new message reports it before its callers are answered', async () => {
  const events: string[] = [];
  const store = pickyRepository();
  const repository = groupCommit(store, {
    ...{ maxGroup: 100, maxQueued: 100, metrics: recordingMetrics(), tracer: NO_TRACING },
    onStored: () => events.push('stored'),
  });
  const add = async (letter: string): Promise<void> => {
    events.push(...(await repository.add([message(letter)])));
  };
  await add('a');
  await add('a');
  await Promise.all([add('b'), add('c')]);
  expect(events).toEqual(['stored', 'created', 'duplicate', 'stored', 'created', 'created']);
});
