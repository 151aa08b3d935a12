import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inMemoryMessageRepository } from '../../support/in-memory-message-repository.ts';
import { NO_TRACING } from '../../../src/adapters/telemetry/tracing/no-tracing.ts';
import { ListMessages } from '../../../src/application/query/list-messages.ts';
import type { MessageFilter, PageStart } from '../../../src/application/ports/store.ts';
import {
  comparePositions,
  newMessage,
  type Message,
  type MessageId,
  type Msisdn,
} from '../../../src/domain/message.ts';
import { provider, WEBHOOK } from '../../../src/domain/provider.ts';
import { timestampFromMicros, type Timestamp } from '../../../src/domain/timestamp.ts';
import { collidingMessages, messages } from '../../support/arbitraries.ts';

async function listing(stored: readonly Message[]) {
  const repository = inMemoryMessageRepository();
  await repository.add(stored);
  return new ListMessages(repository, NO_TRACING);
}

const at = (messageId: string, micros: bigint, fields: { from?: string; text?: string | null } = {}): Message =>
  newMessage({ messageId, from: '+1', to: '+2', sentAt: timestampFromMicros(micros), text: null, ...fields });

const three = [at('c', 2n), at('b', 1n, { text: 'STRASSE' }), at('a', 2n, { from: '+3', text: 'straße' })];
const ids = (listed: { messages: readonly Message[] }): string[] => listed.messages.map(({ messageId }) => messageId);
const fromStart: PageStart = { offset: 0 };

const someMessages = fc
  .array(fc.oneof(collidingMessages, messages), { maxLength: 25 })
  .map((all) => Array.from(new Map(all.map((message) => [message.messageId, message])).values()));

const filters: fc.Arbitrary<MessageFilter> = fc.record(
  {
    from: fc.constantFrom('+1', '+10').map((from) => from as Msisdn),
    since: fc.constantFrom(-1n, 0n, 1n).map((micros) => micros as Timestamp),
    until: fc.constantFrom(0n, 1n, 2n).map((micros) => micros as Timestamp),
    contains: fc.constantFrom('', 'ss', 'ς', '%', '_'),
  },
  { requiredKeys: [] },
);

describe('execute', () => {
  it('returns the oldest first; with equal timestamps, the smaller id first', async () => {
    const listed = await (await listing(three)).execute({}, fromStart, 10);
    expect(ids(listed)).toEqual(['b', 'a', 'c']);
    expect(listed.total).toBe(3);
  });

  it('returns the newest first on request, page by page', async () => {
    const listMessages = await listing(three);
    const page = await listMessages.execute({}, fromStart, 2, 'desc');
    expect([ids(page), page.next]).toMatchObject([['c', 'a'], { sentAt: 2n, messageId: 'a' }]);
    expect(ids(await listMessages.execute({}, { after: at('a', 2n) }, 2, 'desc'))).toEqual(['b']);
  });

  it.each<[string, MessageFilter, string[]]>([
    ['its sender', { from: '+3' as Msisdn }, ['a']],
    ['an instant it is not before', { since: timestampFromMicros(2n) }, ['a', 'c']],
    ['an instant it is before', { until: timestampFromMicros(2n) }, ['b']],
    ['a part of its text', { contains: 'Strasse' }, ['b', 'a']],
    ['all of these', { from: '+1' as Msisdn, since: timestampFromMicros(1n), contains: 'ẞ' }, ['b']],
  ])('finds a message by %s', async (_what, filter, found) => {
    expect(ids(await (await listing(three)).execute(filter, fromStart, 10))).toEqual(found);
  });

  it('returns the start of the next page: after the last message', async () => {
    const listMessages = await listing(three);
    const page = await listMessages.execute({}, fromStart, 2);
    expect(ids(page)).toEqual(['b', 'a']);
    expect(page.next).toMatchObject({ sentAt: 2n, messageId: 'a' });
  });

  it.each<[string, PageStart, number]>([
    ['a page longer than what is left', fromStart, 4],
    ['a page that ends with the last match', fromStart, 3],
    ['a last page found by offset', { offset: 2 }, 1],
    ['a last page found by position', { after: at('a', 2n) }, 1],
    ['a page behind the end', { offset: 7 }, 1],
    ['a page after the last position', { after: at('z', 9n) }, 1],
  ])('returns no next page for %s', async (_what, start, limit) => {
    const page = await (await listing(three)).execute({}, start, limit);
    expect(page.next).toBeNull();
    expect(page.total).toBe(3);
  });

  it('returns no next page for an empty page, which has no last message', async () => {
    expect((await (await listing(three)).execute({}, fromStart, 0)).next).toBeNull();
  });

  it('starts after a position even without a message there', async () => {
    expect(ids(await (await listing(three)).execute({}, { after: at('aa', 2n) }, 10))).toEqual(['c']);
  });

  it('visits every match exactly once, in order, page by page', async () => {
    await fc.assert(
      fc.asyncProperty(someMessages, filters, fc.integer({ min: 1, max: 7 }), async (stored, filter, limit) => {
        const listMessages = await listing(stored);
        const whole = await listMessages.execute(filter, fromStart, stored.length);
        const visited: Message[] = [];
        let start: PageStart | null = fromStart;
        while (start !== null) {
          const page = await listMessages.execute(filter, start, limit);
          expect(page.total).toBe(whole.total);
          expect(page.messages.length).toBe(Math.min(limit, whole.total - visited.length));
          visited.push(...page.messages);
          start = page.next === null ? null : { after: page.next };
        }
        expect(visited).toEqual(whole.messages);
        expect(visited).toHaveLength(whole.total);
        expect(visited).toEqual(visited.toSorted(comparePositions));
      }),
    );
  });

  it('returns all messages without a filter', async () => {
    await fc.assert(
      fc.asyncProperty(someMessages, async (stored) => {
        const listed = await (await listing(stored)).execute({}, fromStart, stored.length + 1);
        expect(listed).toEqual({ messages: stored.toSorted(comparePositions), total: stored.length, next: null });
      }),
    );
  });

  it('returns the same page for an offset and a position of the same message', async () => {
    await fc.assert(
      fc.asyncProperty(someMessages, fc.nat(24), async (stored, index) => {
        const before = stored.toSorted(comparePositions)[index];
        fc.pre(before !== undefined);
        const listMessages = await listing(stored);
        const byOffset = await listMessages.execute({}, { offset: index + 1 }, 3);
        expect(await listMessages.execute({}, { after: before }, 3)).toEqual(byOffset);
      }),
    );
  });
});

describe('one', () => {
  it('returns the message with exactly that id, or null', async () => {
    const listMessages = await listing(three);
    expect(await listMessages.one('a' as MessageId)).toEqual({
      message: three[2],
      status: null,
      receivedAt: null,
      traceId: null,
    });
    expect(await listMessages.one('A' as MessageId)).toBeNull();
  });

  it('returns the status that its own provider reported', async () => {
    const repository = inMemoryMessageRepository();
    const [message] = three;
    if (message === undefined) throw new Error('there are three');
    const status = { state: 'read', at: message.sentAt };
    await repository.add([message, { kind: 'status', provider: WEBHOOK, messageId: message.messageId, ...status }]);
    const listMessages = new ListMessages(repository, NO_TRACING);
    expect(await listMessages.one(message.messageId)).toMatchObject({ message, status });
    expect(await listMessages.one(message.messageId, provider('other'))).toBeNull();
  });
});

describe('payload', () => {
  it('returns the body, or whether the message or the body is missing', async () => {
    const repository = inMemoryMessageRepository();
    const payload = { mediaType: 'application/json', body: Uint8Array.of(1) };
    const [withBody, without] = three;
    if (withBody === undefined || without === undefined) throw new Error('there are three');
    await repository.add([{ ...withBody, payload }, without]);
    const listMessages = new ListMessages(repository, NO_TRACING);
    expect(await listMessages.payload(withBody.messageId)).toEqual(payload);
    expect(await listMessages.payload(without.messageId)).toBe('none');
    expect(await listMessages.payload('unheard of' as MessageId)).toBeNull();
    expect(await listMessages.payload(withBody.messageId, provider('other'))).toBeNull();
  });
});
