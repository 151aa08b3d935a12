import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as message from '../../src/domain/message.ts';
import { provider, WEBHOOK } from '../../src/domain/provider.ts';
import { timestamp } from '../../src/domain/timestamp.ts';
import * as some from '../support/arbitraries.ts';

const { compareCodePoints, comparePositions, fromMessageKey, isMessageId, isMessageText, isMessageType } = message;
const { isMsisdn, messageKey, newMessage, sameContent } = message;

const CONTROLS = Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter(
  (c) => c < ' ' || c >= '\x7f',
);
const UNPAIRED = ['\uD83D', '\uDE00', '\uDE00\uD83D', 'a\uD83D', '\uDE00a', '\uD83D\uD83D\uDE00'];

const hello = {
  messageId: 'm1',
  from: '+919876543210',
  to: '+14155550100',
  sentAt: timestamp('2025-01-15T10:00:00Z'),
  text: 'Hello',
};

const signOf = (comparison: number): string => (comparison < 0 ? 'before' : comparison > 0 ? 'after' : 'same');
const compareUtf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

describe('isMessageId', () => {
  it.each([
    ['a WhatsApp id', 'wamid.HBgLMTY1MDU1NTEyMzQVAgARGBI='],
    ['spaces and marks', ' %_\\"/?#é\u0301'],
    ['255 letters', 'a'.repeat(255)],
    ['255 characters above U+FFFF', '😀'.repeat(255)],
    ['254 letters and one of those', `${'a'.repeat(254)}😀`],
    ['a no-break space, which is no control character', '\u00a0'],
    ['private and non-characters', '\uE000\uFFFF\u{10FFFF}'],
  ])('accepts %s', (_what, id) => {
    expect(isMessageId(id)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['256 letters', 'a'.repeat(256)],
    ['256 characters above U+FFFF', '😀'.repeat(256)],
    ['255 letters and one of those', `${'a'.repeat(255)}😀`],
  ])('rejects %s', (_what, id) => {
    expect(isMessageId(id)).toBe(false);
  });

  it('accepts all characters except control characters, and counts code points', () => {
    fc.assert(fc.property(some.messageIds, isMessageId));
    fc.assert(
      fc.property(some.nearLength(255, some.idCharacters), ({ length, value }) => isMessageId(value) === length <= 255),
    );
  });

  it('rejects every control character and every unpaired surrogate at every index', () => {
    expect(CONTROLS).toHaveLength(65);
    const places = (bad: string): string[] => [bad, `${bad}m`, `m${bad}`, `m${bad}m`];
    expect([...CONTROLS, ...UNPAIRED].flatMap(places).filter(isMessageId)).toEqual([]);
  });
});

describe('isMessageType', () => {
  it.each(['t', 'a'.repeat(64)])('accepts %j', (type) => {
    expect(isMessageType(type)).toBe(true);
  });

  it.each(['', 'a'.repeat(65), 'te\next'])('rejects %j', (type) => {
    expect(isMessageType(type)).toBe(false);
  });
});

describe('isMsisdn', () => {
  it('accepts only a plus and 1-15 ASCII digits, including a leading zero', () => {
    const accepted = ['+1', '+919876543210', '+0987654321', '+000000000000000'];
    const unsigned = ['', '14155550100', '++1415', '＋1415', 'whatsapp:+1415'];
    const notDigits = ['+', '+1234567890123456', '+1 415-555', '+١٢٣', '+1415\n', ' +1415'];
    expect([...accepted, ...unsigned, ...notDigits].filter(isMsisdn)).toEqual(accepted);
  });

  it('accepts every number of 1-15 digits, and rejects any other character', () => {
    fc.assert(fc.property(some.msisdns, isMsisdn));
    const others = some.characters.filter((character) => !/[0-9]/.test(character));
    fc.assert(
      fc.property(some.msisdns, others, fc.nat(16), (number, other, at) => {
        expect(isMsisdn(number.slice(0, at) + other + number.slice(at))).toBe(false);
      }),
    );
  });
});

describe('isMessageText', () => {
  it('accepts the empty text and up to 4096 characters of any width', () => {
    const accepted = ['', 'a'.repeat(4096), '😀'.repeat(4096), `${'a'.repeat(4095)}😀`];
    const refused = ['a'.repeat(4097), '😀'.repeat(4097), `${'a'.repeat(4096)}😀`, 'a'.repeat(8192), 'a'.repeat(8193)];
    expect([...accepted, ...refused].filter(isMessageText)).toEqual(accepted);
    fc.assert(
      fc.property(
        some.nearLength(4096, some.textCharacters),
        ({ length, value }) => isMessageText(value) === length <= 4096,
      ),
    );
  });

  it('accepts control characters, which people write, except U+0000', () => {
    expect(CONTROLS.filter((character) => !isMessageText(`a${character}b`))).toEqual(['\0']);
  });

  it('rejects unpaired surrogates', () => {
    expect(UNPAIRED.filter(isMessageText)).toEqual([]);
  });
});

describe('newMessage', () => {
  it('keeps every field unchanged', () => {
    fc.assert(
      fc.property(some.messages, (fields) => {
        expect(newMessage(fields)).toEqual(fields);
      }),
    );
    expect(newMessage({ ...hello, text: '' }).text).toBe('');
  });

  it.each(['messageId', 'from', 'to', 'text'])('throws RangeError for %s, naming it but not its value', (field) => {
    const told = (value: string): unknown => {
      try {
        return newMessage({ ...hello, [field]: value });
      } catch (error) {
        return error;
      }
    };
    const first = told('\0');
    expect(first).toBeInstanceOf(RangeError);
    expect(String(first)).toMatch(new RegExp(`\\b${field}\\b`));
    fc.assert(
      fc.property(fc.string({ unit: some.characters }), (value) => {
        expect(told(`\0${value}`)).toEqual(first);
      }),
    );
  });
});

describe('sameContent', () => {
  it('holds between copies, whatever their ids, and for two spellings of one instant', () => {
    fc.assert(fc.property(some.messages, some.messageIds, (one, messageId) => sameContent(one, { ...one, messageId })));
    const respelled = newMessage({ ...hello, sentAt: timestamp('2025-01-15T15:30:00.000+05:30') });
    expect(sameContent(newMessage(hello), respelled)).toBe(true);
  });

  it.each<[string, Partial<Parameters<typeof newMessage>[0]>]>([
    ['sender', { from: '+1' }],
    ['receiver', { to: '+1' }],
    ['instant', { sentAt: timestamp('2025-01-15T10:00:00.000001Z') }],
    ['text', { text: 'hello' }],
    ['type', { type: 'image' }],
    ['lack of a text', { text: null }],
  ])('does not hold with another %s', (_what, change) => {
    expect(sameContent(newMessage(hello), newMessage({ ...hello, ...change }))).toBe(false);
    expect(sameContent(newMessage({ ...hello, ...change }), newMessage(hello))).toBe(false);
  });

  it('distinguishes an empty text from a missing one', () => {
    expect(sameContent(newMessage({ ...hello, text: '' }), newMessage({ ...hello, text: null }))).toBe(false);
  });
});

describe('comparePositions', () => {
  const either = fc.oneof(some.messages, some.collidingMessages);

  it('orders by timestamp, then by the UTF-8 bytes of the id, then by provider', () => {
    fc.assert(
      fc.property(either, either, (a, b) => {
        const byInstant = Number(a.sentAt > b.sentAt) - Number(a.sentAt < b.sentAt);
        const byId = compareUtf8(a.messageId, b.messageId);
        const [nameA, nameB] = [a, b].map(({ provider }) => (provider === WEBHOOK ? '' : provider));
        expect(signOf(comparePositions(a, b))).toBe(signOf(byInstant || byId || compareUtf8(nameA ?? '', nameB ?? '')));
      }),
      { numRuns: 500 },
    );
  });

  it('is a total order', () => {
    fc.assert(
      fc.property(either, either, either, (a, b, c) => {
        expect(comparePositions(a, a)).toBe(0);
        expect(comparePositions(a, b) < 0).toBe(comparePositions(b, a) > 0);
        if (comparePositions(a, b) <= 0 && comparePositions(b, c) <= 0) {
          expect(comparePositions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('compareCodePoints', () => {
  it('puts U+FFFF before U+10000, unlike the order of UTF-16 units', () => {
    expect(['\uFFFF', '\u{10000}'].sort()).toEqual(['\u{10000}', '\uFFFF']);
    expect(compareCodePoints('\uFFFF', '\u{10000}')).toBeLessThan(0);
    expect(compareCodePoints('😀\uE000', '😁')).toBeLessThan(0);
    expect(compareCodePoints('a', 'a😀')).toBeLessThan(0);
    expect(compareCodePoints('', '')).toBe(0);
  });

  it('is the order of UTF-8 bytes, also after a common prefix', () => {
    const ids = fc.oneof(some.messageIds, fc.string({ unit: some.idCharacters, maxLength: 3 }));
    fc.assert(
      fc.property(fc.string({ unit: some.idCharacters, maxLength: 3 }), ids, ids, (beginning, a, b) => {
        const [x, y] = [beginning + a, beginning + b];
        expect(signOf(compareCodePoints(x, y))).toBe(signOf(compareUtf8(x, y)));
      }),
      { numRuns: 1000 },
    );
  });
});

describe('messageKey', () => {
  const ofMessages = fc.oneof(some.messages, some.collidingMessages);

  it('can be parsed again, and is the id itself for POST /webhook', () => {
    fc.assert(
      fc.property(ofMessages, ({ messageId, provider: name }) => {
        const key = messageKey({ messageId, provider: name });
        expect(fromMessageKey(key)).toEqual({ messageId, provider: name });
        if (name === WEBHOOK) expect(key).toBe(messageId);
      }),
    );
  });

  it('is equal only for the same id of the same provider', () => {
    fc.assert(
      fc.property(ofMessages, ofMessages, (a, b) => {
        const same = a.messageId === b.messageId && a.provider === b.provider;
        expect(messageKey(a) === messageKey(b)).toBe(same);
      }),
    );
  });

  it.each(['', '\u0001whatsapp', 'a\u0001', 'a\u0001Not a name', 'a\u0002'])('is not parsed from %j', (text) => {
    expect(() => fromMessageKey(text)).toThrow(RangeError);
  });
});

describe('the name of a provider', () => {
  it.each(['', 'Webhook', '1st', 'a b', 'a\u0001', 'x'.repeat(33), '-a'])('is not %j', (name) => {
    expect(() => provider(name)).toThrow(RangeError);
  });

  it.each(['a', 'my-crm-2', 'x'.repeat(32)])('may be %j', (name) => {
    expect(provider(name)).toBe(name);
  });
});
