import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newMessage } from '../../src/domain/message.ts';
import { timestampFromMicros } from '../../src/domain/timestamp.ts';
import { isMessage, statusRank, supersedes, type MessageStatus, type NewMessage } from '../../src/domain/update.ts';
import { outcomeOfRepeat } from '../../src/domain/ingest-outcome.ts';
import { collidingMessages } from '../support/arbitraries.ts';

const statuses: fc.Arbitrary<MessageStatus> = fc.record({
  state: fc.constantFrom('sent', 'delivered', 'read', 'failed', 'of tomorrow', 'another of tomorrow'),
  at: fc.integer({ min: -2, max: 2 }).map((micros) => timestampFromMicros(BigInt(micros))),
});

describe('supersedes', () => {
  it('compares the instant first', () => {
    fc.assert(
      fc.property(statuses, statuses, (a, b) => {
        fc.pre(a.at !== b.at);
        expect(supersedes(a, b)).toBe(a.at > b.at);
      }),
    );
  });

  it('ends in the same state in any order, if the states are known', () => {
    const known = statuses.filter(({ state }) => statusRank(state) > 0);
    fc.assert(
      fc.property(fc.array(known, { minLength: 1 }), fc.nat(), (all, turn) => {
        const turned = [...all.slice(turn % all.length), ...all.slice(0, turn % all.length)].reverse();
        const last = (news: readonly MessageStatus[]): MessageStatus =>
          news.reduce((kept, next) => (supersedes(next, kept) ? next : kept));
        expect(last(turned)).toEqual(last(all));
      }),
    );
  });

  it('never replaces a state by itself', () => {
    fc.assert(
      fc.property(statuses, (status) => {
        expect(supersedes(status, { ...status })).toBe(false);
      }),
    );
  });

  it('follows a message through its states within one second', () => {
    const inOrder = [
      'of tomorrow',
      'accepted',
      'queued',
      'sending',
      'sent',
      'delivered',
      'read',
      'played',
      'failed',
      'deleted',
    ];
    const ranks = inOrder.map(statusRank);
    expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
  });
});

describe('outcomeOfRepeat', () => {
  it('compares everything except the timestamp of a message that is timed by its receipt', () => {
    fc.assert(
      fc.property(collidingMessages, collidingMessages, fc.boolean(), (news, stored, sentAtReceipt) => {
        const said = (one: NewMessage): string => JSON.stringify([one.from, one.to, one.type, one.text]);
        const sameTime = sentAtReceipt || news.sentAt === stored.sentAt;
        expect(outcomeOfRepeat({ ...news, sentAtReceipt }, stored)).toBe(
          said(news) === said(stored) && sameTime ? 'duplicate' : 'conflict',
        );
      }),
    );
  });
});

describe('isMessage', () => {
  it('distinguishes messages from other updates', () => {
    const at = timestampFromMicros(0n);
    const message = newMessage({ messageId: 'm1', from: '+1', to: '+2', sentAt: at, text: null });
    const { provider, messageId } = message;
    expect(isMessage(message)).toBe(true);
    expect(isMessage({ kind: 'status', provider, messageId, state: 'read', at })).toBe(false);
    expect(isMessage({ kind: 'unknown', provider, payload: { mediaType: '', body: Uint8Array.of() } })).toBe(false);
  });
});
