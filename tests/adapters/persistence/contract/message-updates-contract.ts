import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { MessageRepository } from '../../../../src/application/ports/store.ts';
import { messageKey, type Message } from '../../../../src/domain/message.ts';
import { provider, WEBHOOK, type Provider } from '../../../../src/domain/provider.ts';
import { statusRank, type NewMessage, type Payload, type StatusUpdate } from '../../../../src/domain/update.ts';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { everyMessage, id, message, micros, runs, type WithRepository } from './repository-fixtures.ts';

const [ALPHA, OMEGA] = [provider('alpha'), provider('omega')];
const ofProvider = (from: Provider, fields: Parameters<typeof message>[1] = {}): Message =>
  message('m1', { provider: from, text: from, ...fields });

const status = (state: string, at: number, of: Message = message('m1')): StatusUpdate => ({
  kind: 'status',
  provider: of.provider,
  messageId: of.messageId,
  state,
  at: micros(at),
});
/** Messages whose keys no locale would sort like the stores do, and calls with many statuses of each, mixed with messages. */
const STATUS_OF = ['m1', 'M1', 'm\u{10000}', 'm\uFFFF'].map((one) => message(one));
const statusCalls = fc.array(
  fc.array(
    fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .tuple(
            fc.constantFrom('sent', 'delivered', 'read', 'to\'morrow\\"\n😀'),
            fc.nat(3),
            fc.constantFrom(...STATUS_OF),
          )
          .map(([state, at, of]) => status(state, at, of)),
      },
      { weight: 1, arbitrary: fc.constantFrom(...STATUS_OF) },
    ),
    { maxLength: 10 },
  ),
  { maxLength: 5 },
);
const payload = (text: string, mediaType = 'application/json'): Payload => ({ mediaType, body: Buffer.from(text) });

async function payloadOf(repository: MessageRepository, of: Message): Promise<string | null> {
  const found = await repository.findPayload(messageKey(of));
  return found && `${found.mediaType} ${Buffer.from(found.body).toString()}`;
}

/** Providers, statuses, receipts, payloads and delivery ids. */
export function updatesContract(withRepository: WithRepository): void {
  describe('of several providers', () => {
    const three = [OMEGA, WEBHOOK, ALPHA].map((from) => ofProvider(from));

    it('equal ids are different messages: that of the first provider, then the others by name', () =>
      withRepository(async (repository) => {
        expect(await repository.add(three)).toEqual(['created', 'created', 'created']);
        expect(await repository.add(three)).toEqual(['duplicate', 'duplicate', 'duplicate']);
        expect((await everyMessage(repository)).map(({ provider }) => provider)).toEqual([WEBHOOK, ALPHA, OMEGA]);
        for (const one of three) expect(await repository.find(one.messageId, one.provider)).toEqual(one);
      }));

    it('find without a provider returns the first match, and no other id', () =>
      withRepository(async (repository) => {
        await repository.add([ofProvider(OMEGA), message('m', { provider: ALPHA }), message('m1~')]);
        expect(await repository.find(id('m1'))).toEqual(ofProvider(OMEGA));
        await repository.add([ofProvider(ALPHA)]);
        expect(await repository.find(id('m1'))).toEqual(ofProvider(ALPHA));
        await repository.add([ofProvider(WEBHOOK)]);
        expect(await repository.find(id('m1'))).toEqual(ofProvider(WEBHOOK));
        expect(await repository.find(id('m1'), provider('nobody'))).toBeNull();
        expect(await repository.find(id('m1\u{10FFFF}'))).toBeNull();
      }));

    it('a page can start between them', () =>
      withRepository(async (repository) => {
        await repository.add(three);
        const first = await repository.list({}, { offset: 0 }, 2);
        const after = first.messages[1] ?? message('none');
        expect((await repository.list({}, { after }, 2)).messages).toEqual([ofProvider(OMEGA)]);
      }));
  });

  describe('a status', () => {
    it('is the latest by instant, in any order of arrival', () =>
      withRepository(async (repository) => {
        const key = messageKey(message('m1'));
        expect(await repository.findStatus(key)).toBeNull();
        expect(await repository.add([status('delivered', 20)])).toEqual(['status_updated']);
        expect(await repository.add([status('sent', 10), status('read', 30)])).toEqual([
          'status_stale',
          'status_updated',
        ]);
        expect(await repository.add([status('read', 30)])).toEqual(['status_stale']);
        expect(await repository.findStatus(key)).toEqual({ state: 'read', at: 30n });
      }));

    it('with equal instants advances from sent to read, never back', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.constantFrom('sent', 'delivered', 'read', 'failed', 'of tomorrow'), { minLength: 1 }),
          (states) =>
            withRepository(async (repository) => {
              for (const state of states) await repository.add([status(state, 5)]);
              const last = states.reduce((a, b) => (statusRank(b) > statusRank(a) ? b : a));
              expect(await repository.findStatus(messageKey(message('m1')))).toEqual({ state: last, at: 5n });
            }),
        ),
        runs(10),
      ));

    it('has in any call the outcome as if each status had come alone', () =>
      fc.assert(
        fc.asyncProperty(statusCalls, (calls) =>
          withRepository(async (repository) => {
            const model = inMemoryMessageRepository();
            for (const call of calls) {
              const expected = [];
              for (const one of call) expected.push(...(await model.add([one])));
              expect(await repository.add(call)).toEqual(expected);
            }
            for (const one of STATUS_OF)
              expect(await repository.findStatus(messageKey(one))).toEqual(await model.findStatus(messageKey(one)));
          }),
        ),
        runs(30),
      ));

    it('is stored with the messages of its call or not at all, and belongs to one provider', () =>
      withRepository(async (repository) => {
        const foreign = ofProvider(ALPHA);
        expect(await repository.add([message('a'), status('read', 1, foreign), message('b')])).toEqual([
          'created',
          'status_updated',
          'created',
        ]);
        expect(await repository.findStatus(messageKey(foreign))).toEqual({ state: 'read', at: 1n });
        expect(await repository.findStatus(messageKey(ofProvider(WEBHOOK)))).toBeNull();
      }));
  });

  describe('a receipt', () => {
    it('is that of the first of equal messages, with its known fields', () =>
      withRepository(async (repository) => {
        const first = { receivedAt: micros(1_700_000_000_000_001), traceId: '4bf92f3577b34da6a3ce929d0e0e4736' };
        await repository.add([{ ...message('m1'), ...first }, message('m2')]);
        await repository.add([{ ...message('m1'), receivedAt: micros(5) }]);
        expect(await repository.findReceipt(messageKey(message('m1')))).toEqual(first);
        expect(await repository.findReceipt(messageKey(message('m2')))).toEqual({ receivedAt: null, traceId: null });
        expect(await repository.findReceipt(messageKey(message('m3')))).toBeNull();
      }));
  });

  describe('a payload', () => {
    it('is returned byte for byte for each message of its delivery, and for no other', () =>
      withRepository(async (repository) => {
        const bytes: Payload = { mediaType: 'application/json', body: Uint8Array.from({ length: 256 }, (_, i) => i) };
        const other = payload('{"other":1}', 'application/json; charset=utf-8');
        await repository.add([
          { ...message('a'), payload: bytes },
          { ...message('b'), payload: other },
          { ...message('c'), payload: bytes },
          message('d'),
        ]);
        for (const name of ['a', 'c']) {
          const found = await repository.findPayload(messageKey(message(name)));
          expect(found?.body && Buffer.from(found.body)).toEqual(Buffer.from(bytes.body));
        }
        expect(await payloadOf(repository, message('b'))).toBe('application/json; charset=utf-8 {"other":1}');
        expect(await payloadOf(repository, message('d'))).toBeNull();
        expect(await payloadOf(repository, message('never'))).toBeNull();
      }));

    it('is that of the delivery that stored the message, whatever is sent later', () =>
      withRepository(async (repository) => {
        const retry = payload('{"second":1}');
        await repository.add([{ ...message('a'), payload: payload('{"first":1}') }]);
        await repository.add([
          { ...message('a'), payload: retry },
          { ...message('b'), payload: retry },
        ]);
        expect(await payloadOf(repository, message('a'))).toBe('application/json {"first":1}');
        expect(await payloadOf(repository, message('b'))).toBe('application/json {"second":1}');
      }));

    it('of an unknown update is accepted, alone and beside messages', () =>
      withRepository(async (repository) => {
        const shared = payload('{"field":"new"}');
        const unknown = { kind: 'unknown', provider: ALPHA, payload: shared } as const;
        expect(await repository.add([unknown])).toEqual(['kept']);
        expect(await repository.add([unknown, { ...message('a'), payload: shared }, unknown])).toEqual([
          'kept',
          'created',
          'kept',
        ]);
        expect(await payloadOf(repository, message('a'))).toBe('application/json {"field":"new"}');
      }));
  });

  describe('a delivery id', () => {
    const under = (deliveryId: string, one: Message): NewMessage => ({ ...one, deliveryId });

    it('makes every later message with it a duplicate, for the same provider only', () =>
      withRepository(async (repository) => {
        expect(await repository.add([under('d', message('a'))])).toEqual(['created']);
        expect(await repository.add([under('d', message('a'))])).toEqual(['duplicate']);
        expect(await repository.add([under('d', message('a', { text: 'other' }))])).toEqual(['duplicate']);
        expect(await repository.add([under('d', message('b'))])).toEqual(['duplicate']);
        expect(await repository.add([under('d', message('c', { provider: ALPHA }))])).toEqual(['created']);
        expect(await repository.add([under('D', message('b'))])).toEqual(['created']);
        expect(await repository.add([under('e', message('b', { text: 'other' }))])).toEqual(['conflict']);
        expect(await repository.add([under('e', message('d'))])).toEqual(['created']);
      }));

    it('does so within one call', () =>
      withRepository(async (repository) => {
        const other = message('a', { text: 'other' });
        expect(await repository.add([under('d', message('a')), under('d', other), under('e', other)])).toEqual([
          'created',
          'duplicate',
          'conflict',
        ]);
      }));

    it('stores one of many concurrent messages', () =>
      withRepository(async (repository) => {
        const all = Array.from({ length: 20 }, (_, i) => under('d', message(`m${String(i)}`)));
        const outcomes = (await Promise.all(all.map((one) => repository.add([one])))).flat();
        expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(19);
        expect(await everyMessage(repository)).toHaveLength(1);
      }));
  });

  it('a message that is timed by its receipt is a duplicate when it is sent again', () =>
    withRepository(async (repository) => {
      const received = (at: number, text = 'Hello'): NewMessage => ({
        ...message('m1', { sentAt: micros(at), text }),
        sentAtReceipt: true,
      });
      expect(await repository.add([received(1), received(2)])).toEqual(['created', 'duplicate']);
      expect(await repository.add([received(3), received(4, 'other')])).toEqual(['duplicate', 'conflict']);
      expect(await repository.find(id('m1'))).toEqual(message('m1', { sentAt: micros(1) }));
    }));
}
