import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import { NO_TRACING } from '../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { ComputeStats } from '../../../src/application/query/compute-stats.ts';
import { StoreUnavailable } from '../../../src/application/ports/store.ts';
import { messageKey } from '../../../src/domain/message.ts';
import { statsOf } from '../../../src/domain/stats.ts';
import { collidingMessages } from '../../support/arbitraries.ts';

describe('execute', () => {
  it('counts each stored message once, however often it was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(collidingMessages, { maxLength: 20 }), async (sent) => {
        const repository = inMemoryMessageRepository();
        await repository.add(sent);
        const kept = sent.filter(
          (message, i) => sent.findIndex((other) => messageKey(other) === messageKey(message)) === i,
        );
        expect(await new ComputeStats(repository, NO_TRACING).execute()).toEqual(statsOf(kept));
      }),
    );
  });

  it('reads the store every time', async () => {
    const repository = inMemoryMessageRepository();
    const computeStats = new ComputeStats(repository, NO_TRACING);
    expect(await computeStats.execute()).toMatchObject({ totalMessages: 0, firstMessageAt: null, lastMessageAt: null });
    await repository.add(fc.sample(collidingMessages, 1));
    expect(await computeStats.execute()).toMatchObject({ totalMessages: 1, sendersCount: 1 });
  });

  it('rejects if the store is unavailable', async () => {
    const fault = new StoreUnavailable('away');
    const away = { ...inMemoryMessageRepository(), stats: () => Promise.reject(fault) };
    await expect(new ComputeStats(away, NO_TRACING).execute()).rejects.toBe(fault);
  });
});
