import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import { NO_TRACING } from '../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { IngestMessage } from '../../../src/application/ingest/ingest-message.ts';
import { StoreUnavailable, type MessageRepository } from '../../../src/application/ports/store.ts';
import { VerifiedDelivery, type Delivery } from '../../../src/domain/delivery.ts';
import {
  messageKey,
  newMessage,
  sameContent,
  type Message,
  type MessageId,
  type MessageKey,
} from '../../../src/domain/message.ts';
import { provider, WEBHOOK } from '../../../src/domain/provider.ts';
import { timestamp } from '../../../src/domain/timestamp.ts';
import { collidingMessages, instants } from '../../support/arbitraries.ts';
import { manualClock, recordingMetrics, recordingVerifier } from '../../support/fakes.ts';

const delivery: Delivery = { body: Uint8Array.of(1, 2, 3), headers: {}, target: '/webhook' };

function ingesting(repository: MessageRepository = inMemoryMessageRepository()) {
  const verifier = recordingVerifier({ valid: true, secret: 'current' });
  const metrics = recordingMetrics();
  const clock = manualClock(timestamp('2025-01-15T10:00:10Z'));
  const ingestMessage = new IngestMessage({
    verifiers: new Map([[WEBHOOK, verifier]]),
    writer: repository,
    metrics,
    clock,
    tracer: NO_TRACING,
  });
  const proof = ingestMessage.authenticate(WEBHOOK, delivery);
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
  it('returns a proof if the verifier accepts the delivery itself', () => {
    const { proof, verifier } = ingesting();
    expect(proof.secret).toBe('current');
    expect(verifier.deliveries).toHaveLength(1);
    expect(verifier.deliveries[0]).toBe(delivery);
  });

  it.each(['missing_header', 'malformed_signature', 'wrong_digest', 'no_secret_configured'] as const)(
    'returns the reason %s instead of a proof',
    (reason) => {
      const { repository, metrics, clock } = ingesting();
      const verifier = recordingVerifier({ valid: false, reason });
      const ingestMessage = new IngestMessage({
        verifiers: new Map([[WEBHOOK, verifier]]),
        writer: repository,
        metrics,
        clock,
        tracer: NO_TRACING,
      });
      expect(ingestMessage.authenticate(WEBHOOK, delivery)).toEqual({ valid: false, reason });
    },
  );
});

describe('execute', () => {
  it('stores a new message once and reports the outcome of each repetition', async () => {
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

  it('treats one instant with another offset as the same message', async () => {
    const { ingestMessage, proof } = ingesting();
    const respelled = message('m1', { sentAt: timestamp('2025-01-15T15:30:00+05:30') });
    expect(await ingestMessage.execute(proof, [message('m1'), respelled])).toEqual(['created', 'duplicate']);
  });

  it('records the time and the trace of the first receipt', async () => {
    const { ingestMessage, repository, clock, proof } = ingesting();
    await ingestMessage.execute(proof, [message('m1')], 'a trace');
    const key = messageKey(message('m1'));
    const arrival = { receivedAt: timestamp('2025-01-15T10:00:10Z'), traceId: 'a trace' };
    expect(await repository.findReceipt(key)).toEqual(arrival);
    clock.set(timestamp('2025-01-15T10:00:20Z'));
    await ingestMessage.execute(proof, [message('m1'), message('m2')], undefined);
    expect(await repository.findReceipt(key)).toEqual(arrival);
    expect(await repository.findReceipt(messageKey(message('m2')))).toEqual({ receivedAt: clock.now(), traceId: null });
  });

  it('accepts a delivery without messages', async () => {
    const { ingestMessage, metrics, proof } = ingesting();
    expect(await ingestMessage.execute(proof, [])).toEqual([]);
    expect(metrics.ingestLags).toEqual([]);
  });

  it('stores the first message with an id, across deliveries', async () => {
    const deliveries = fc.array(fc.array(collidingMessages, { maxLength: 6 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(deliveries, async (batches) => {
        const { ingestMessage, repository, proof } = ingesting();
        const kept = new Map<MessageKey, Message>();
        for (const batch of batches) {
          const expected = batch.map((each) => {
            const first = kept.get(messageKey(each));
            if (first === undefined) kept.set(messageKey(each), each);
            return first === undefined ? 'created' : sameContent(first, each) ? 'duplicate' : 'conflict';
          });
          expect(await ingestMessage.execute(proof, batch)).toEqual(expected);
        }
        for (const first of kept.values()) {
          expect(await repository.find(first.messageId, first.provider)).toEqual(first);
        }
      }),
    );
  });
});

describe('the metrics', () => {
  it('count the outcomes of a delivery under the verified provider', async () => {
    const { ingestMessage, metrics, proof } = ingesting();
    const payload = { mediaType: 'application/json', body: Uint8Array.of() };
    await ingestMessage.execute(proof, [
      message('m1'),
      message('m1'),
      message('m2'),
      { kind: 'unknown', provider: WEBHOOK, payload },
      {
        kind: 'status',
        provider: WEBHOOK,
        messageId: message('m1').messageId,
        state: 'read',
        at: message('m1').sentAt,
      },
    ]);
    expect(metrics.updateCounts).toEqual([
      { provider: WEBHOOK, outcome: 'created', count: 2 },
      { provider: WEBHOOK, outcome: 'duplicate', count: 1 },
      { provider: WEBHOOK, outcome: 'kept', count: 1 },
      { provider: WEBHOOK, outcome: 'status_updated', count: 1 },
    ]);
    expect(metrics.ingestLags).toHaveLength(2);
  });

  it('count the secret of a verified delivery, and nothing for a rejected one', () => {
    const { ingestMessage, metrics } = ingesting();
    expect(metrics.verifications).toEqual([{ provider: WEBHOOK, secret: 'current' }]); // by the set-up
    expect(ingestMessage.authenticate(provider('unheard-of'), delivery)).toEqual({
      valid: false,
      reason: 'no_secret_configured',
    });
    expect(metrics.verifications).toHaveLength(1);
  });
});

describe('the ingest lag', () => {
  it('is reported in seconds, for created messages only', async () => {
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

  it('is measured after the store has responded', async () => {
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
  it('makes execute reject with the same error, without a reported lag', async () => {
    const fault = new StoreUnavailable('the queue is full', { retryAfterSeconds: 7, cause: 'a test' });
    const away = { ...inMemoryMessageRepository(), add: () => Promise.reject(fault) };
    const { ingestMessage, metrics, proof } = ingesting(away);
    await expect(ingestMessage.execute(proof, [message('m1')])).rejects.toBe(fault);
    expect(metrics.ingestLags).toEqual([]);
  });

  it('says why, and when to retry: after one second unless it knows better', () => {
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
