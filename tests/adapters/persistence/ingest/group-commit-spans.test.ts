import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { StoreUnavailable, type MessageRepository } from '../../../../src/application/ports/store.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { recordingTracer, type RecordedSpan } from '../../../support/recording-tracer.ts';
import { pickyRepository } from './held-repository.ts';
import { message } from '../contract/repository-fixtures.ts';

interface Call {
  readonly ids: readonly string[];
  readonly recorded: boolean;
}

/** Makes calls in one turn, each in its own span, and returns what was recorded when all are settled. */
async function traced(store: MessageRepository, calls: readonly Call[], maxGroup = 100) {
  const recorded = new Set(calls.flatMap((call, i) => (call.recorded ? [`caller ${String(i)}`] : [])));
  const tracer = recordingTracer((name) => recorded.has(name));
  const limits = { maxGroup, maxQueued: 1_000, metrics: recordingMetrics() };
  const repository = groupCommit(store, { ...limits, tracer });
  await Promise.allSettled(
    calls.map(({ ids }, i) =>
      tracer.inSpan(`caller ${String(i)}`, () => repository.add(ids.map((one) => message(one)))),
    ),
  );
  const callers = calls.flatMap((_, i) => tracer.named(`caller ${String(i)}`));
  return { tracer, callers, commits: tracer.named('commit'), waits: tracer.named('commit queue') };
}

const call = fc.record({
  ids: fc.array(fc.stringMatching(/^[a-z]{1,3}$/), { minLength: 1, maxLength: 4 }),
  recorded: fc.boolean(),
});

describe('The span of a commit', () => {
  it('links to every caller of the group, and each caller to one commit, however they are grouped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 30 }), fc.nat(20), async (calls, maxGroup) => {
        const { callers, commits } = await traced(inMemoryMessageRepository(), calls, maxGroup + 1);
        expect(commits.flatMap(({ links }) => links)).toEqual(callers);
        const sizes = commits.map(({ links }) =>
          links.reduce((sum, caller) => sum + (calls[callers.indexOf(caller as RecordedSpan)]?.ids.length ?? 0), 0),
        );
        expect(commits.map(({ attributes }) => attributes)).toEqual(
          sizes.map((size) => ({ 'commit.messages': size, 'commit.outcome': 'committed' })),
        );
      }),
    );
  });

  it('belongs to the trace of its first recorded caller, so it is recorded if any of them is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 10 }), fc.nat(20), async (calls, maxGroup) => {
        const { commits } = await traced(inMemoryMessageRepository(), calls, maxGroup + 1);
        for (const { parent, links, recorded } of commits) {
          expect(parent).toBe(links.find((caller) => caller.recorded) ?? links[0]);
          expect(recorded).toBe(links.some((caller) => caller.recorded));
        }
      }),
    );
  });

  it('ends when the messages are stored; the queue span ends when the commit begins', async () => {
    const { tracer, callers, commits, waits } = await traced(inMemoryMessageRepository(), [
      { ids: ['a'], recorded: true },
      { ids: ['b', 'c'], recorded: true },
    ]);
    expect(waits.map(({ parent, links }) => [parent, links])).toEqual(callers.map((caller) => [caller, commits]));
    expect(tracer.spans.filter(({ ended }) => !ended)).toEqual([]);
    expect(commits).toHaveLength(1);
  });

  it('reports a failure, and each retried caller has its own commit', async () => {
    const calls = ['a', 'poison', 'b'].map((one) => ({ ids: [one], recorded: true }));
    const { callers, commits } = await traced(
      pickyRepository(({ messageId }) => messageId === 'poison'),
      calls,
    );
    expect(commits.map(({ parent, links, attributes }) => [parent, links, attributes['commit.outcome']])).toEqual([
      [callers[0], callers, 'failed'],
      [callers[0], [callers[0]], 'committed'],
      [callers[1], [callers[1]], 'failed'],
      [callers[2], [callers[2]], 'committed'],
    ]);
    expect(commits.map(({ failure }) => failure instanceof Error)).toEqual([true, false, true, false]);
  });

  it('is shared by the whole group if the store is unavailable', async () => {
    const away = new StoreUnavailable('away');
    const store = { ...inMemoryMessageRepository(), add: () => Promise.reject(away) };
    const { commits } = await traced(
      store,
      ['a', 'b'].map((one) => ({ ids: [one], recorded: true })),
    );
    expect(commits.map(({ failure }) => failure)).toEqual([away]);
  });
});
