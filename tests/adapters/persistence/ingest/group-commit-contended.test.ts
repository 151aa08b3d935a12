import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { OutcomesUnknown, StoreContended, StoreUnavailable } from '../../../../src/application/ports/store.ts';
import { isMessage, type NewMessage, type NewUpdate } from '../../../../src/domain/update.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { heldRepository, pickyRepository } from './held-repository.ts';
import { message, runs, turnOfTheLoop } from '../contract/repository-fixtures.ts';

const LIMITS = { maxGroup: 1_000, maxQueued: 100_000, tracer: NO_TRACING };

/** A store in which other writers hold some keys; it also records the groups that it is asked to store. */
function contendedStore(locked: Set<string>) {
  const stored = inMemoryMessageRepository();
  const [groups, alone]: [string[], string[]] = [[], []];
  const adding = (record: string[]) => async (updates: readonly NewUpdate[]) => {
    const ids = updates.map((update) => (isMessage(update) || update.kind === 'status' ? update.messageId : ''));
    record.push(ids.join());
    await turnOfTheLoop();
    if (ids.some((one) => locked.has(one))) throw new StoreContended('locked');
    return stored.add(updates);
  };
  const metrics = recordingMetrics();
  const repository = groupCommit(
    { ...stored, add: adding(groups), addBriefly: adding(alone) },
    { ...LIMITS, metrics, maxCommits: 2 },
  );
  const add = (ids: string) => repository.add(Array.from(ids, (letter) => message(letter)));
  return { repository, add, groups, alone, metrics };
}

const rejected = (reason: unknown) => ({ status: 'rejected', reason }) as const;
const fulfilled = (value: unknown) => ({ status: 'fulfilled', value }) as const;
const CONTENDED = rejected(expect.any(StoreContended));

describe('A group that waits too long for a lock', () => {
  it('fails only the calls whose key is locked, each of which is tried alone', async () => {
    const { add, groups, alone } = contendedStore(new Set('b'));
    const outcomes = await Promise.allSettled([add('a'), add('bc'), add('d')]);
    expect(outcomes).toEqual([fulfilled(['created']), CONTENDED, fulfilled(['created'])]);
    expect(groups).toEqual(['a,b,c,d']);
    expect(alone).toEqual(['a', 'b,c', 'd']);
  });

  it('does not hold its place among the commits meanwhile', async () => {
    const store = heldRepository();
    const brief = heldRepository();
    const metrics = recordingMetrics();
    const repository = groupCommit({ ...store, addBriefly: (updates) => brief.add(updates) }, { ...LIMITS, metrics });
    const slow = Promise.allSettled([repository.add([message('a')]), repository.add([message('b')])]);
    (await store.next()).fail(new StoreContended('locked'));
    const alone = await brief.next();
    const later = repository.add([message('c')]);
    (await store.next()).succeed();
    expect(await later).toEqual(['created']);
    alone.fail(new StoreContended('locked'));
    (await brief.next()).succeed();
    expect(await slow).toEqual([CONTENDED, fulfilled(['created'])]);
    expect(metrics.queueDepths.at(-1)).toBe(0);
  });

  it('is not joined by later calls with the locked key, until that key is free', async () => {
    const locked = new Set('a');
    const { add, groups, alone, repository } = contendedStore(locked);
    await Promise.allSettled([add('a'), add('b')]);
    groups.length = alone.length = 0;
    const status = { ...message('a'), kind: 'status', state: 'read', at: message('a').sentAt } as const;
    const second = await Promise.allSettled([add('c'), add('ad'), repository.add([status])]);
    expect(second).toEqual([fulfilled(['created']), CONTENDED, CONTENDED]);
    expect([groups, alone]).toEqual([['c'], ['a,d', 'a']]);
    locked.clear();
    expect(await add('a')).toEqual(['created']);
    groups.length = 0;
    expect(await Promise.all([add('a'), add('e')])).toEqual([['duplicate'], ['created']]);
    expect(groups).toEqual(['a,e']);
  });

  it('is given up if its turn does not come', async () => {
    const brief = heldRepository();
    const metrics = recordingMetrics();
    const store = {
      ...brief,
      add: () => Promise.reject(new StoreContended('locked')),
      addBriefly: (updates: readonly NewUpdate[]) => brief.add(updates),
    };
    const repository = groupCommit(store, { ...LIMITS, metrics });
    const outcomes = Promise.allSettled(['a', 'b', 'c'].map((one) => repository.add([message(one)])));
    const first = await brief.next();
    const later = performance.now() + 5_001;
    const clock = jest.spyOn(performance, 'now').mockReturnValue(later);
    try {
      first.succeed();
      expect(await outcomes).toEqual([fulfilled(['created']), CONTENDED, CONTENDED]);
      await repository.drain();
    } finally {
      clock.mockRestore();
    }
    expect(brief.calls).toEqual(['a']);
    expect(metrics.queueDepths.at(-1)).toBe(0);
  });

  it('is waited for by drain', async () => {
    const { add, repository } = contendedStore(new Set('b'));
    const outcomes = Promise.allSettled([add('a'), add('b')]);
    await turnOfTheLoop();
    await repository.drain();
    await turnOfTheLoop();
    expect(await outcomes).toEqual([fulfilled(['created']), CONTENDED]);
    await expect(add('c')).rejects.toThrow('stopping');
  });

  it('fails no call without a locked key, whatever calls there are', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 4 }), { maxLength: 6 }), { maxLength: 5 }),
        async (waves) => {
          const locked = new Set<string>();
          const { repository, metrics } = contendedStore(locked);
          const [expected, outcomes]: [unknown[], Promise<unknown>[]] = [[], []];
          for (const [w, wave] of waves.entries()) {
            for (const [c, call] of wave.entries()) {
              const ids = call.map((isLocked, i) => {
                const name = `${String(w)} ${String(c)} ${String(i)}`;
                if (isLocked) locked.add(name);
                return name;
              });
              expected.push(call.includes(true) ? CONTENDED : fulfilled(ids.map(() => 'created')));
              outcomes.push(repository.add(ids.map((one) => message(one))));
            }
            for (const outcome of outcomes) outcome.catch(() => undefined);
            await turnOfTheLoop();
          }
          expect(await Promise.allSettled(outcomes)).toEqual(expected);
          expect(metrics.queueDepths.at(-1) ?? 0).toBe(0);
        },
      ),
      runs(100),
    ));
});

describe('A group that is stored, but not all of whose outcomes are known', () => {
  it('fails only the calls with an unknown outcome, and reports that it stored something', async () => {
    const store = heldRepository();
    let stored = 0;
    const options = { ...LIMITS, metrics: recordingMetrics(), onStored: () => stored++ };
    const repository = groupCommit(store, options);
    const calls = ['ab', 'cd', 'e'].map((ids) => repository.add(Array.from(ids, (letter) => message(letter))));
    const outcomes = Promise.allSettled(calls);
    const error = new OutcomesUnknown(['created', 'duplicate', 'created', null, 'created']);
    (await store.next()).fail(error);
    expect(await outcomes).toEqual([fulfilled(['created', 'duplicate']), rejected(error), fulfilled(['created'])]);
    expect(error).toBeInstanceOf(StoreUnavailable);
    expect(stored).toBe(1);
    expect(store.calls).toHaveLength(1);
  });
});

describe('The bytes of a group', () => {
  const MIB = 2 ** 20;
  const bodies = fc.array(fc.integer({ min: 0, max: 5 * MIB }), { minLength: 1, maxLength: 20 });
  const withBody = (one: string, bytes: number): NewMessage => ({
    ...message(one),
    payload: { mediaType: 'application/json', body: new Uint8Array(bytes) },
  });

  it('are at most 4 MiB unless one call has more', () =>
    fc.assert(
      fc.asyncProperty(bodies, async (sizes) => {
        const stored = pickyRepository();
        const groups: number[][] = [];
        const add = (updates: readonly NewUpdate[]) => {
          groups.push(updates.map((update) => ('payload' in update ? update.payload.body.byteLength : 0)));
          return stored.add(updates);
        };
        const repository = groupCommit({ ...stored, add }, { ...LIMITS, metrics: recordingMetrics() });
        await Promise.all(sizes.map((bytes, i) => repository.add([withBody(String(i), bytes)])));
        expect(groups.flat()).toEqual(sizes);
        const total = (group: readonly number[]): number => group.reduce((sum, bytes) => sum + bytes, 0);
        for (const [i, group] of groups.entries()) {
          if (group.length > 1) expect(total(group)).toBeLessThanOrEqual(4 * MIB);
          // It ends where the next call would not fit, counting its text.
          const [next] = groups[i + 1] ?? [];
          if (next !== undefined) expect(total([...group, next])).toBeGreaterThan(4 * MIB - 1_000);
        }
      }),
      runs(30),
    ));

  it('count a body once that several messages of a call share', async () => {
    const store = heldRepository();
    const repository = groupCommit(store, { ...LIMITS, metrics: recordingMetrics() });
    const shared = withBody('a', 3 * MIB);
    const outcomes = [
      repository.add([shared, { ...shared, messageId: message('b').messageId }]),
      repository.add([message('c')]),
    ];
    const call = await store.next();
    expect(call.ids).toBe('a,b,c');
    call.succeed();
    await Promise.all(outcomes);
  });
});
