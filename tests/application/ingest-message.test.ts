import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../src/adapters/persistence/in-memory-message-repository.ts';
import { IngestMessage } from '../../src/application/ingest-message.ts';
import { StoreUnavailable, type MessageRepository } from '../../src/application/ports.ts';
import { VerifiedDelivery, type Delivery } from '../../src/domain/delivery.ts';
import { newMessage, sameContent, type Message, type MessageId } from '../../src/domain/message.ts';
import { timestamp } from '../../src/domain/timestamp.ts';
import { collidingMessages, instants } from '../support/arbitraries.ts';
import { manualClock, recordingMetrics, recordingVerifier } from '../support/fakes.ts';

const delivery: Delivery = { body: Uint8Array.of(1, 2, 3), headers: {} };

function ingesting(repository: MessageRepository = inMemoryMessageRepository()) {
  const verifier = recordingVerifier({ valid: true, secret: 'current' });
  const metrics = recordingMetrics();
  const clock = manualClock(timestamp('2025-01-15T10:00:10Z'));
  const ingestMessage = new IngestMessage({ verifier, repository, metrics, clock });
  const proof = ingestMessage.authenticate(delivery);
  if (!(proof instanceof VerifiedDelivery)) throw new Error('the verifier of this test accepts everything');
  return { ingestMessage, repository, metrics, clock, verifier, proof };
}

const message = (messageId: string, fields: Partial<Parameters<typeof newMessage>[0]> = {}): Message =>
  newMessage({
    messageId,
    from: '+919876543210',
    to: '+14155550100',
    sentAt: timestamp('2025-01-15T10:00:00Z'),
    text: 'Hello',
    ...fields,
  });

describe('authenticate', () => {
  it('gives the proof for what the verifier accepts, having shown it the delivery itself', () => {
    const { proof, verifier } = ingesting();
    expect(proof.secret).toBe('current');
    expect(verifier.deliveries).toHaveLength(1);
    expect(verifier.deliveries[0]).toBe(delivery);
  });

  it.each(['missing_header', 'malformed_signature', 'wrong_digest', 'no_secret_configured'] as const)(
    'gives the reason %s instead of a proof',
    (reason) => {
      const { repository, metrics, clock } = ingesting();
      const verifier = recordingVerifier({ valid: false, reason });
      const ingestMessage = new IngestMessage({ verifier, repository, metrics, clock });
      expect(ingestMessage.authenticate(delivery)).toBe(reason);
    },
  );
});

describe('execute', () => {
  it('stores a new message once and says what became of each further one', async () => {
    const { ingestMessage, repository, proof } = ingesting();
    expect(await ingestMessage.execute(proof, [message('m1')])).toEqual(['created']);
    expect(await ingestMessage.execute(proof, [message('m1')])).toEqual(['duplicate']);
    expect(await ingestMessage.execute(proof, [message('m1', { text: 'Bye' }), message('m2')])).toEqual([
      'conflict',
      'created',
    ]);
    expect(await repository.find('m1' as MessageId)).toEqual(message('m1'));
    expect((await repository.stats()).totalMessages).toBe(2);
  });

  it('takes one instant written with another offset for the same message', async () => {
    const { ingestMessage, proof } = ingesting();
    const respelled = message('m1', { sentAt: timestamp('2025-01-15T15:30:00+05:30') });
    expect(await ingestMessage.execute(proof, [message('m1'), respelled])).toEqual(['created', 'duplicate']);
  });

  it('accepts a delivery without messages', async () => {
    const { ingestMessage, metrics, proof } = ingesting();
    expect(await ingestMessage.execute(proof, [])).toEqual([]);
    expect(metrics.ingestLags).toEqual([]);
  });

  it('lets the first of all messages with an id win, over any deliveries', async () => {
    const deliveries = fc.array(fc.array(collidingMessages, { maxLength: 6 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(deliveries, async (batches) => {
        const { ingestMessage, repository, proof } = ingesting();
        const kept = new Map<MessageId, Message>();
        for (const batch of batches) {
          const expected = batch.map((each) => {
            const first = kept.get(each.messageId);
            if (first === undefined) kept.set(each.messageId, each);
            return first === undefined ? 'created' : sameContent(first, each) ? 'duplicate' : 'conflict';
          });
          expect(await ingestMessage.execute(proof, batch)).toEqual(expected);
        }
        for (const [messageId, first] of kept) expect(await repository.find(messageId)).toEqual(first);
      }),
    );
  });
});

describe('the ingest lag', () => {
  it('is told in seconds, for created messages only', async () => {
    const { ingestMessage, metrics, proof } = ingesting();
    const late = message('m2', { sentAt: timestamp('2025-01-15T09:59:59.500001Z') });
    await ingestMessage.execute(proof, [message('m1'), message('m1'), message('m1', { text: null }), late]);
    expect(metrics.ingestLags).toEqual([10, 10.499999]);
  });

  it('is 0 for a message from the future, never negative, for any two instants', async () => {
    await fc.assert(
      fc.asyncProperty(instants, instants, async (sentAt, now) => {
        const { ingestMessage, metrics, clock, proof } = ingesting();
        clock.set(now);
        await ingestMessage.execute(proof, [message('m1', { sentAt })]);
        expect(metrics.ingestLags).toEqual([sentAt >= now ? 0 : Number(now - sentAt) / 1e6]);
      }),
    );
  });

  it('is measured after the store has answered', async () => {
    const slow = inMemoryMessageRepository();
    const { ingestMessage, metrics, clock, proof } = ingesting({
      ...slow,
      add: (messages) => {
        clock.set(timestamp('2025-01-15T10:00:30Z'));
        return slow.add(messages);
      },
    });
    await ingestMessage.execute(proof, [message('m1')]);
    expect(metrics.ingestLags).toEqual([30]);
  });
});

describe('a store that is unavailable', () => {
  it('makes execute reject with that very fault, and no lag is told', async () => {
    const fault = new StoreUnavailable('the queue is full', { retryAfterSeconds: 7, cause: 'a test' });
    const away = { ...inMemoryMessageRepository(), add: () => Promise.reject(fault) };
    const { ingestMessage, metrics, proof } = ingesting(away);
    await expect(ingestMessage.execute(proof, [message('m1')])).rejects.toBe(fault);
    expect(metrics.ingestLags).toEqual([]);
  });

  it('says why, and when to try again: in a second unless it knows better', () => {
    expect(new StoreUnavailable('away')).toMatchObject({
      name: 'StoreUnavailable',
      message: 'away',
      retryAfterSeconds: 1,
    });
    const cause = new Error('inner');
    expect(new StoreUnavailable('away', { cause, retryAfterSeconds: 7 })).toMatchObject({
      cause,
      retryAfterSeconds: 7,
    });
  });
});
