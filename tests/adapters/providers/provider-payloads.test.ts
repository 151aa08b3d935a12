import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { twilioUpdate } from '../../../src/adapters/providers/twilio/updates.ts';
import { whatsAppUpdates } from '../../../src/adapters/providers/whatsapp/updates.ts';
import { newMessage } from '../../../src/domain/message.ts';
import { provider } from '../../../src/domain/provider.ts';
import { timestamp } from '../../../src/domain/timestamp.ts';
import { isMessage, type NewUpdate } from '../../../src/domain/update.ts';
import { whatsAppFixture, whatsAppFixtures } from '../../support/fixtures.ts';

const payload = { mediaType: 'application/json', body: Uint8Array.of(1) };
const receivedAt = timestamp('2026-01-01T00:00:00Z');
const delivery = { provider: provider('any'), payload, receivedAt };

/** Every update is one that the domain's own constructors would make, or has its bytes to show what it was. */
function isSound(update: NewUpdate): boolean {
  if (!isMessage(update)) return update.kind === 'status' ? update.state.length > 0 : update.payload === payload;
  newMessage(update);
  return update.payload === payload;
}

/** The fixture with a random value replaced by another. */
function mutated(value: unknown, path: readonly number[], other: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined || typeof value !== 'object' || value === null) return other;
  const entries = Object.entries(value);
  const at = step % Math.max(entries.length, 1);
  const changed = entries.map(
    ([key, item], i) => [key, i === at ? mutated(item, rest, other) : (item as unknown)] as const,
  );
  return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
}

const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom('', '1749416383', 'wamid.x', '__proto__', '\u0000', '\ud800'),
);

describe('whatsAppUpdates', () => {
  it('maps any JSON to updates, and discards nothing', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (notification) => {
        const updates = whatsAppUpdates(notification, delivery);
        expect(updates.length).toBeGreaterThan(0);
        expect(updates.every(isSound)).toBe(true);
      }),
    );
  });

  it('maps every recorded shape with one value replaced', () => {
    const fixtures = fc.constantFrom(...whatsAppFixtures).map((name) => JSON.parse(whatsAppFixture(name)) as unknown);
    fc.assert(
      fc.property(fixtures, fc.array(fc.nat(20), { minLength: 1, maxLength: 12 }), anything, (fixture, path, other) => {
        const changed = mutated(fixture, path, other);
        const updates = whatsAppUpdates(changed as object, delivery);
        expect(updates.length).toBeGreaterThan(0);
        expect(updates.every(isSound)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('keeps the order, over entries and changes', () => {
    const change = (...ids: string[]) => ({
      field: 'messages',
      value: {
        metadata: { display_phone_number: '1' },
        messages: ids.map((id) => ({ id, from: '2', timestamp: '0', type: 'text', text: { body: id } })),
      },
    });
    const notification = { entry: [{ changes: [change('a', 'b'), { field: 'other' }] }, { changes: [change('c')] }] };
    const told = whatsAppUpdates(notification, delivery).map((update) =>
      isMessage(update) ? update.text : update.kind,
    );
    expect(told).toEqual(['a', 'b', 'unknown', 'c']);
  });
});

describe('whatsAppUpdates with a time', () => {
  it.each([
    ['0', '1970-01-01T00:00:00Z'],
    ['99999999999', '5138-11-16T09:46:39Z'],
    ['253402300800', null],
    ['-1', null],
    ['1.5', null],
  ])('%s has the time of the message, or the update is unknown', (timestampOfIt, sentAt) => {
    const messages = [{ id: 'a', from: '2', timestamp: timestampOfIt, type: 'text', text: { body: 'x' } }];
    const value = { metadata: { display_phone_number: '1' }, messages };
    const [update] = whatsAppUpdates({ entry: [{ changes: [{ field: 'messages', value }] }] }, delivery);
    expect(update).toMatchObject(sentAt === null ? { kind: 'unknown' } : { sentAt: timestamp(sentAt) });
  });
});

describe('twilioUpdate', () => {
  const sms = { MessageSid: 'SM1', From: '+14155550100', To: 'whatsapp:+14155550101', Body: 'Hello' };

  it('accepts the older name of the id if the newer one is missing', () => {
    const older = { ...sms, MessageSid: undefined, SmsMessageSid: 'SM2' };
    expect(twilioUpdate(older, delivery)).toMatchObject({ messageId: 'SM2', text: 'Hello' });
    expect(twilioUpdate({ ...older, ...sms }, delivery)).toMatchObject({ messageId: 'SM1' });
  });

  it.each(['', 'a\0b', 'x'.repeat(4_097)])('has no text if no store could keep it', (text) => {
    expect(twilioUpdate({ ...sms, Body: text }, delivery)).toMatchObject({ messageId: 'SM1', text: null });
  });

  it('maps any parameters to an update', () => {
    const names = fc.constantFrom(
      'MessageSid',
      'SmsMessageSid',
      'From',
      'To',
      'Body',
      'MessageStatus',
      'MessageType',
      'x',
    );
    const values = fc.oneof(
      fc.constantFrom('SM1', 'whatsapp:+1', '+14155550100', '12345', 'delivered', ''),
      fc.string(),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.dictionary(names, values), (parameters) => {
        const update = twilioUpdate(parameters, delivery);
        expect(isSound(update)).toBe(true);
        if (isMessage(update)) expect([update.sentAt, update.sentAtReceipt]).toEqual([receivedAt, true]);
      }),
      { numRuns: 1_000 },
    );
  });
});
