import { describe, expect, it } from '@jest/globals';
import { unknownPayloads } from '../../../../src/adapters/persistence/transfer/unknown-payloads.ts';
import { messageKey, type Message } from '../../../../src/domain/message.ts';
import { provider } from '../../../../src/domain/provider.ts';
import type { NewUpdate, Payload } from '../../../../src/domain/update.ts';
import { between, copied, on, repositoryOf, store, type Engine } from '../../../support/stores.ts';
import { manyMessages, message, micros } from '../contract/repository-fixtures.ts';

const OTHER = provider('other');
const MIB = 1024 * 1024;
const payload = (bytes: number, fill: number): Payload => ({
  mediaType: 'application/json',
  body: Buffer.alloc(bytes, fill),
});

/** Bodies that exceed the memory limit together; some are shared. */
function stored(): NewUpdate[] {
  const shared = payload(9 * MIB, 1);
  const [first, second, third, ...others] = manyMessages(12) as [Message, Message, Message, ...Message[]];
  return [
    { ...first, payload: shared },
    { ...second, payload: payload(9 * MIB, 2) },
    { ...third, payload: shared },
    ...others.map((each, i) => (i % 2 === 0 ? { ...each, payload: payload(10, 10 + i) } : each)),
    {
      ...message('delivered', { provider: OTHER }),
      ...{
        deliveryId: 'd1',
        payload: payload(3, 9),
        receivedAt: micros(5),
        traceId: '0af7651916cd43dd8448eb211c80319c',
      },
    },
    { kind: 'status', provider: OTHER, messageId: message('delivered').messageId, state: 'read', at: micros(7) },
    { kind: 'status', provider: OTHER, messageId: message('elsewhere').messageId, state: 'sent', at: micros(8) },
  ];
}

describe('A copy', () => {
  it.each<[Engine, Engine]>([
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ])('from %s to %s contains the bodies, the delivery ids and the statuses of messages', async (from, to) => {
    await between(from, to, async (source, target) => {
      const updates = stored();
      await on(source, ({ add }) => add(updates));
      const belongings = { bodies: 9, statuses: 2, arrivals: 1, traces: 1 };
      const expected = { firstDifference: null, belongings: { source: belongings, target: belongings } };
      expect(await copied(source, target)).toMatchObject({ copied: 13, ...expected });
      expect(await copied(source, target)).toMatchObject({ copied: 0, ...expected });
      await on(target, async (opened) => {
        const repository = repositoryOf(opened);
        for (const update of updates) {
          if ('kind' in update) {
            const state = update.kind === 'status' ? { state: update.state, at: update.at } : null;
            expect(await repository.findStatus(messageKey(update as never))).toEqual(state);
            continue;
          }
          const { receivedAt = null, traceId = null } = update;
          expect(await repository.findReceipt(messageKey(update))).toEqual({ receivedAt, traceId });
          const found = await repository.findPayload(messageKey(update));
          expect(found && Buffer.compare(found.body, update.payload?.body ?? Buffer.of())).toBe(
            update.payload === undefined ? null : 0,
          );
        }
        const [{ bodies }] = (await opened.db('payloads').count({ bodies: '*' })) as [{ bodies: bigint }];
        expect(Number(bodies)).toBe(9); // the two that shared one were in the same page, though not in the same slice
        const again = { ...message('under another id', { provider: OTHER }), deliveryId: 'd1' };
        expect(await opened.add([again])).toEqual(['duplicate']);
      });
    });
  });

  it.each<[Engine, Engine]>([
    ['sqlite', 'postgres'],
    ['postgres', 'sqlite'],
  ])('from %s to %s contains unknown updates once, without keeping all of them in memory', async (from, to) => {
    await between(from, to, async (source, target) => {
      const bodies = [1, 2, 3].map((fill) => payload(9 * MIB, fill));
      const unknown = (body: Payload): NewUpdate => ({ kind: 'unknown', provider: OTHER, payload: body });
      await on(source, ({ add }) =>
        add([{ ...message('m1'), payload: payload(3, 9) }, ...[...bodies, payload(9 * MIB, 1)].map(unknown)]),
      );
      await on(target, ({ add }) => add([unknown(payload(9 * MIB, 2))]));
      expect(await copied(source, target)).toMatchObject({ copied: 1, unknown: 2 });
      expect(await copied(source, target)).toMatchObject({ copied: 0, unknown: 0 });
      await on(target, async ({ db }) => {
        const steps: number[][] = [];
        for await (const step of unknownPayloads(db, 0n, () => Promise.resolve()))
          steps.push(step.map(({ body }) => body[0] ?? 0));
        expect(steps).toEqual([[2], [1], [3]]);
      });
    });
  });

  it('reports what the target lacks', async () => {
    await between('sqlite', 'sqlite', async (source, target) => {
      const [update] = stored();
      if (update === undefined || 'kind' in update) throw new Error('the first is a message');
      await on(source, ({ add }) => add([update]));
      await store(target, manyMessages(1));
      expect(await copied(source, target)).toMatchObject({
        alreadyThere: 1,
        firstDifference: null,
        belongings: { source: { bodies: 1 }, target: { bodies: 0 } },
      });
    });
  });
});
