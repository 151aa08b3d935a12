import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../../support/in-memory-message-repository.ts';
import { EraseMessages } from '../../../../src/application/erasure/erase-messages.ts';
import type {
  Erased,
  MessageEraser,
  MessageRepository,
  RejectionLog,
} from '../../../../src/application/ports/store.ts';
import type { ErasureRule, ExpiryRule } from '../../../../src/domain/erasure-rule.ts';
import { messageKey, type Message, type MessageKey, type Position } from '../../../../src/domain/message.ts';
import { provider, WEBHOOK } from '../../../../src/domain/provider.ts';
import type { NewUpdate } from '../../../../src/domain/update.ts';
import { collidingMessages, instants } from '../../../support/arbitraries.ts';
import { hastyTimer } from '../../../support/fakes.ts';
import { calls, filters, plain, someMessages, starts, times } from '../contract/message-model-contract.ts';
import {
  everyMessage,
  id,
  manyMessages,
  message,
  micros,
  number,
  runs,
  turnOfTheLoop,
} from '../contract/repository-fixtures.ts';

/** A store with its eraser, and what the tests check behind them. */
export interface ErasableStore {
  readonly repository: MessageRepository;
  readonly eraser: MessageEraser;
  readonly rejections: RejectionLog;
  /** Runs a step of the derived data with up to this many messages. */
  readonly deriveNext: (limit: number) => Promise<unknown>;
  /** Wrong counter tables and other inconsistencies; empty if there are none. */
  readonly faults: () => Promise<string[]>;
  /** All stored bodies. */
  readonly bodies: () => Promise<string[]>;
}

export type WithStore = (test: (store: ErasableStore) => Promise<void>) => Promise<void>;

const WHATSAPP = provider('whatsapp');
const numbers = collidingMessages.map(({ from }) => from);

const rules: fc.Arbitrary<ErasureRule> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      of: fc.constant('age' as const),
      before: fc.oneof(times, instants),
      keepFrom: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.array(numbers, { maxLength: 2 }) },
      ),
      keepSince: fc.option(someMessages, { freq: 2 }),
    }),
  },
  { weight: 1, arbitrary: numbers.map((person) => ({ of: 'person' as const, number: person })) },
);

type Step = { readonly add: readonly NewUpdate[] } | { readonly erase: ErasureRule } | { readonly derive: number };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: calls.map((add) => ({ add })) },
  { weight: 2, arbitrary: rules.map((erase) => ({ erase })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 3, 1_000).map((derive) => ({ derive })) },
);

export const erase = (eraser: MessageEraser, rule: ErasureRule): Promise<Erased> =>
  new EraseMessages(eraser, hastyTimer()).execute(rule);

const expired = (
  before: number | bigint,
  more: { keepFrom?: string[]; keepSince?: Position | undefined } = {},
): ExpiryRule => ({
  of: 'age',
  before: micros(before),
  keepFrom: (more.keepFrom ?? []).map(number),
  keepSince: more.keepSince ?? null,
});

/** What every eraser must do, for any store. */
export function eraserContract(name: string, withStore: WithStore): void {
  describe(`${name} as an eraser`, () => {
    it('answers any sequence of adds, erasures and background steps as the model does, with exact counters', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(steps, { minLength: 3, maxLength: 14, size: 'max' }),
          fc.array(fc.tuple(filters, starts), { minLength: 3, maxLength: 3 }),
          (sequence, lists) =>
            withStore(async (store) => {
              const model = inMemoryMessageRepository();
              const keys = new Set<MessageKey>();
              for (const step of sequence) {
                if ('add' in step) {
                  for (const update of step.add) if ('messageId' in update) keys.add(messageKey(update));
                  expect(await store.repository.add(step.add)).toEqual(await model.add(step.add));
                } else if ('derive' in step) await store.deriveNext(step.derive);
                else {
                  const preview = await store.eraser.preview(step.erase);
                  // The model does not store bodies without a message.
                  const { messages, statuses, bereft } = model.erase(step.erase);
                  const erased = await erase(store.eraser, step.erase);
                  expect(erased).toMatchObject({ messages, statuses, bereft, excerpts: 0 });
                  expect(preview).toMatchObject(erased);
                }
                expect(await store.faults()).toEqual([]);
                expect(await store.repository.stats()).toEqual(await model.stats());
              }
              for (const [filter, start] of [...lists, [{}, { offset: 0 }] as const]) {
                expect(await store.repository.list(filter, start, 12)).toEqual(await model.list(filter, start, 12));
              }
              for (const key of keys) {
                for (const method of ['findStatus', 'findPayload', 'findReceipt'] as const) {
                  expect([method, plain(await store.repository[method](key))]).toEqual([
                    method,
                    plain(await model[method](key)),
                  ]);
                }
              }
              await store.deriveNext(1_000);
              expect(await store.faults()).toEqual([]);
            }),
        ),
        runs(16),
      ));

    byAge(withStore);
    ofPerson(withStore);
  });
}

function byAge(withStore: WithStore): void {
  it('erases more than one step can, and keeps newer messages', () =>
    withStore(async ({ repository, eraser, deriveNext, faults }) => {
      const all = manyMessages(1_700);
      await repository.add(all);
      await deriveNext(1_000); // some are counted, some are not
      const limit = all[1_300]?.sentAt ?? 0n;
      expect((await eraser.preview(expired(limit))).messages).toBe(1_300);
      expect((await erase(eraser, expired(limit))).messages).toBe(1_300);
      expect(await everyMessage(repository)).toEqual(all.slice(1_300));
      expect(await faults()).toEqual([]);
      expect((await repository.list({ contains: 'TEXT 12' }, { offset: 0 }, 10)).total).toBe(0);
      expect((await repository.list({ contains: 'text 1500' }, { offset: 0 }, 10)).total).toBe(1);
    }));

  it('keeps a message that was received recently, even if its instant is old', () =>
    withStore(async ({ repository, eraser }) => {
      const old = message('old', { sentAt: micros(1) });
      const late = message('late', { sentAt: micros(1) });
      const early = message('early', { sentAt: micros(2_000) });
      await repository.add([
        { ...old, receivedAt: micros(999) },
        { ...late, receivedAt: micros(1_000) },
        { ...early, receivedAt: micros(1) },
      ]);
      expect((await erase(eraser, expired(1_000))).messages).toBe(1);
      expect((await everyMessage(repository)).map(({ messageId }) => messageId)).toEqual(['late', 'early']);
    }));

  it('keeps the newest messages and those of exempt senders', () =>
    withStore(async ({ repository, eraser }) => {
      const all = Array.from({ length: 10 }, (_, i) =>
        message(String(i), { sentAt: micros(i >> 1), from: i === 3 ? '+33' : '+1' }),
      );
      expect(await eraser.newest(1)).toBeNull();
      await repository.add(all);
      expect(await eraser.newest(11)).toMatchObject({ messageId: '0' });
      for (let n = 1; n <= 10; n++) expect(await eraser.newest(n)).toMatchObject({ messageId: String(10 - n) });
      expect(await eraser.reach(expired(3))).toBe(6);
      expect(await eraser.reach(expired(3, { keepSince: all[9] }))).toBe(6);
      expect(await eraser.reach(expired(3, { keepSince: all[2] }))).toBe(2);
      const keepSince = await eraser.newest(4);
      expect(keepSince).toMatchObject({ messageId: '6', sentAt: 3n });
      if (keepSince === null) return;
      const rule = expired(9, { keepSince, keepFrom: ['+33'] });
      expect((await erase(eraser, rule)).messages).toBe(5);
      expect((await everyMessage(repository)).map(({ messageId }) => messageId)).toEqual(['3', '6', '7', '8', '9']);
    }));

  it('stores, counts and finds new messages after the latest were erased', () =>
    withStore(async ({ repository, eraser, deriveNext, faults }) => {
      await repository.add(manyMessages(30));
      await deriveNext(1_000);
      await erase(eraser, { of: 'person', number: number('+14155550100') });
      expect((await repository.stats()).totalMessages).toBe(0);
      const again = manyMessages(7);
      expect(await repository.add(again)).toEqual(again.map(() => 'created'));
      expect((await repository.list({ contains: 'text' }, { offset: 0 }, 10)).total).toBe(7);
      await deriveNext(1_000);
      expect((await repository.list({ contains: 'text 6' }, { offset: 0 }, 10)).total).toBe(1);
      expect((await repository.stats()).totalMessages).toBe(7);
      expect(await faults()).toEqual([]);
    }));

  it('keeps a body until its last message is erased, and a stray status until it expires', () =>
    withStore(async ({ repository, eraser, bodies }) => {
      const payload = { mediaType: 'text/plain', body: Buffer.from('both') };
      await repository.add([
        { ...message('a', { sentAt: micros(1) }), payload },
        { ...message('b', { sentAt: micros(2) }), payload },
        { kind: 'status', provider: WEBHOOK, messageId: id('a'), state: 'read', at: micros(50) },
        { kind: 'status', provider: WEBHOOK, messageId: id('gone'), state: 'read', at: micros(1) },
        { kind: 'status', provider: WEBHOOK, messageId: id('young'), state: 'read', at: micros(2) },
        { kind: 'unknown', provider: WEBHOOK, payload: { mediaType: 'text/plain', body: Buffer.from('unknown') } },
      ]);
      expect(await erase(eraser, expired(2))).toMatchObject({ messages: 1, statuses: 2, bodies: 0 });
      expect(await bodies()).toEqual(['both', 'unknown']);
      expect(await repository.findStatus(messageKey({ messageId: id('young'), provider: WEBHOOK }))).not.toBeNull();
      expect(await erase(eraser, expired(3))).toMatchObject({ messages: 1, statuses: 1, bodies: 1 });
      expect(await bodies()).toEqual(['unknown']);
    }));
}

function ofPerson(withStore: WithStore): void {
  const person = number('+919876543210');
  const other = number('+14155550100');
  const between = (messageId: string, from: string, to: string): Message => message(messageId, { from, to });

  it('erases the messages from and to a person with their bodies, and of other people only a shared body', () =>
    withStore(async ({ repository, eraser, bodies }) => {
      const shared = { mediaType: 'text/plain', body: Buffer.from('shared') };
      const own = { mediaType: 'text/plain', body: Buffer.from('own') };
      const others = { mediaType: 'text/plain', body: Buffer.from('of 919876543210, by others') };
      await repository.add([
        { ...between('sent', person, other), payload: own },
        { ...between('got', other, person), payload: shared },
        { ...between('beside', other, '+2'), payload: shared },
        { ...between('far', '+2', other), text: 'call +919876543210', payload: others },
        between('self', person, person),
        { kind: 'status', provider: WEBHOOK, messageId: id('sent'), state: 'read', at: micros(1) },
      ]);
      const expected = { messages: 3, statuses: 1, bodies: 2, bereft: 1, excerpts: 0 };
      expect(await eraser.preview({ of: 'person', number: person })).toMatchObject({
        ...expected,
        total: 5,
        fromPerson: 2,
        toPerson: 2,
        mentions: 1,
      });
      expect(await erase(eraser, { of: 'person', number: person })).toEqual(expected);
      expect((await everyMessage(repository)).map(({ messageId }) => messageId)).toEqual(['beside', 'far']);
      expect(await bodies()).toEqual(['of 919876543210, by others']);
      expect(await repository.findPayload(messageKey({ messageId: id('beside'), provider: WEBHOOK }))).toBeNull();
    }));

  it('does not let a subscriber miss messages that are stored after the latest were erased', () =>
    withStore(async ({ repository, eraser }) => {
      const old = [1, 2, 3].map((at) => message(`old ${String(at)}`, { sentAt: micros(at) }));
      await repository.add(old);
      const place = await repository.feedEnd();
      await erase(eraser, expired(10));
      const young = old.map(({ messageId }) => message(`not ${messageId}`, { sentAt: micros(20) }));
      await repository.add(young);
      let news = await repository.readFeed(place, 10);
      while (news !== 'unknown_position' && news.entries.length < young.length) {
        await turnOfTheLoop(); // it may be held back for a while
        news = await repository.readFeed(place, 10);
      }
      // Both are correct: the subscriber receives them, or its position is no longer known.
      expect(news === 'unknown_position' || news.entries.map((one) => one.message)).toEqual(
        news === 'unknown_position' || young,
      );
    }));

  it('erases stray statuses whose id contains the number, as ids of WhatsApp do', () =>
    withStore(async ({ repository, eraser }) => {
      const wamid = (digits: string): string =>
        `wamid.${Buffer.from(`\x1c\x18${String.fromCharCode(digits.length)}${digits}\x15\x02 919876543210 `).toString('base64')}`;
      const ids = ['919876543210', '19198765432', '9198765432101', '14155550100'].map(wamid);
      await repository.add(
        [...ids, 'wamid.', 'wamid.===='].map((messageId) => ({
          kind: 'status',
          provider: WHATSAPP,
          messageId: id(messageId),
          state: 'read',
          at: micros(1),
        })),
      );
      const rule: ErasureRule = { of: 'person', number: person };
      const expected = { messages: 0, statuses: 1, bodies: 0, bereft: 0, excerpts: 0 };
      expect(await eraser.preview(rule)).toMatchObject(expected);
      expect(await erase(eraser, rule)).toEqual(expected);
      const [theirs, ...others] = await Promise.all(
        ids.map((messageId) => repository.findStatus(messageKey({ messageId: id(messageId), provider: WHATSAPP }))),
      );
      expect(theirs).toBeNull();
      expect(others).not.toContain(null);
    }));

  it('erases stray bodies and excerpts that contain the number in any notation, and no others', () =>
    withStore(async ({ repository, eraser, rejections, bodies }) => {
      const written = [
        '{"wa_id":"919876543210"}',
        'From=whatsapp%3A%2B919876543210&',
        'tel:+919876543210',
        '"\\u002B919876543210"',
      ];
      const different = ['{"n":9198765432101}', '0919876543210', '+91 98765 43210'];
      // More than one step examines, and all of them match.
      const many = Array.from({ length: 1_001 }, () => '+919876543210');
      await repository.add(
        [...written, ...many, ...different].map((text) => ({
          kind: 'unknown',
          provider: WEBHOOK,
          payload: { mediaType: 'text/plain', body: Buffer.from(text) },
        })),
      );
      const rejection = {
        receivedAt: micros(5),
        provider: WEBHOOK,
        reason: 'schema' as const,
        detail: null,
        diagnosis: null,
        requestId: 'r',
        bodyBytes: 1,
        bodySha256: null,
        headerNames: [],
      };
      await rejections.add(
        [...written, ...many, ...different, null].map((excerpt) => ({ ...rejection, excerpt })),
        { maxRows: 2_000, notBefore: micros(0) },
      );
      const expected = { messages: 0, statuses: 0, bodies: 1_005, bereft: 0, excerpts: 1_005 };
      expect(await eraser.preview({ of: 'person', number: person })).toMatchObject(expected);
      expect(await erase(eraser, { of: 'person', number: person })).toEqual(expected);
      expect(await bodies()).toEqual(different);
      const { rejections: left } = await rejections.list({}, { offset: 0 }, 20);
      expect(left).toHaveLength(20);
      expect(left.map(({ excerpt }) => excerpt).filter((excerpt) => excerpt !== null)).toEqual(different.toReversed());
    }));
}
