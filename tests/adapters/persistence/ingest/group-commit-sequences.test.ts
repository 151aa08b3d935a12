import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { groupCommit } from '../../../../src/adapters/persistence/ingest/group-commit.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { NO_TRACING } from '../../../../src/adapters/telemetry/tracing/no-tracing.ts';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import type { Message } from '../../../../src/domain/message.ts';
import { collidingMessages } from '../../../support/arbitraries.ts';
import { recordingMetrics } from '../../../support/fakes.ts';
import { pickyRepository } from './held-repository.ts';
import { everyMessage, runs, turnOfTheLoop } from '../contract/repository-fixtures.ts';

describe('Any grouping of calls', () => {
  const calls = fc.array(fc.array(collidingMessages, { maxLength: 5 }), { maxLength: 12 });
  const waves = fc.array(calls, { maxLength: 4 });

  /** Sends each wave a turn of the event loop after the previous one. Returns the outcomes of each call, in order. */
  async function send(repository: MessageRepository, all: readonly (readonly Message[])[][]) {
    const outcomes = [];
    for (const wave of all) {
      outcomes.push(
        ...wave.map((messages) => repository.add(messages).catch((error: unknown) => (error as Error).message)),
      );
      await turnOfTheLoop();
    }
    return Promise.all(outcomes);
  }

  it('has the outcomes of sequential calls', () =>
    fc.assert(
      fc.asyncProperty(waves, fc.integer({ min: 1, max: 10 }), async (all, maxGroup) => {
        const store = pickyRepository();
        const model = inMemoryMessageRepository();
        const repository = groupCommit(store, {
          maxGroup,
          maxQueued: 1_000,
          metrics: recordingMetrics(),
          tracer: NO_TRACING,
        });
        const expected = [];
        for (const messages of all.flat()) expected.push(await model.add(messages));
        expect(await send(repository, all)).toEqual(expected);
        expect(await everyMessage(repository)).toEqual(await everyMessage(model));
      }),
      runs(150),
    ));

  it('fails only the calls with a message that the store does not accept', () =>
    fc.assert(
      fc.asyncProperty(waves, collidingMessages, fc.integer({ min: 1, max: 10 }), async (all, poison, maxGroup) => {
        const isPoison = ({ messageId, text }: Message): boolean =>
          messageId === poison.messageId && text === poison.text;
        const model = inMemoryMessageRepository();
        const metrics = recordingMetrics();
        const repository = groupCommit(pickyRepository(isPoison), {
          maxGroup,
          maxQueued: 1_000,
          metrics,
          tracer: NO_TRACING,
        });
        const expected = [];
        for (const messages of all.flat())
          expected.push(messages.some(isPoison) ? 'not storable' : await model.add(messages));
        expect(await send(repository, all)).toEqual(expected);
        expect(await everyMessage(repository)).toEqual(await everyMessage(model));
        expect(metrics.queueDepths.at(-1) ?? 0).toBe(0);
      }),
      runs(150),
    ));
});
