import fc from 'fast-check';
import type { Message, MessageId, Msisdn } from '../../src/domain/message.ts';
import { provider, WEBHOOK } from '../../src/domain/provider.ts';
import type { Timestamp } from '../../src/domain/timestamp.ts';

/** Values that obey the domain's rules by construction, without asking the code under test. */

export const FIRST_INSTANT = (BigInt(Date.parse('0000-01-01T00:00:00.000Z')) * 1000n) as Timestamp;
export const LAST_INSTANT = (BigInt(Date.parse('9999-12-31T23:59:59.999Z')) * 1000n + 999n) as Timestamp;

/**
 * Characters that a naive folding, a SQL pattern or a store's own collation gets wrong. In the second line: the signs
 * for kelvin, ohm and ångström, letters that decompose, combining marks, and the ends of two planes.
 */
const ODD_CHARACTERS =
  'ßẞİıiIſsSkKΣσςﬁfŉᾳǄǅǆΩωåꭰᎠéÉ𐐀𐐨😀%_\\"\'' + '\u212A\u2126\u212B\u0390\u00E9\u0345\u0301\u0307\uFFFF\u{10FFFF}';

/** Both sides of the place where the order of UTF-16 units differs from that of code points. */
const ORDER_SENSITIVE = '\uD7FF\uE000\uFFFD\uFFFF\u{10000}\u{1F600}\u{10FFFF}';

/** One of the code points in a string. */
export const oneOf = (choices: string) => fc.constantFrom(...Array.from(choices));

export const digits = oneOf('0123456789');

const isControl = (character: string): boolean => {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
};

/** Any code point except surrogates. fast-check's own `binary` unit takes a second to set up in every test file. */
export const characters = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCodePoint(code)),
  fc.integer({ min: 0, max: 0x10f7ff }).map((code) => String.fromCodePoint(code < 0xd800 ? code : code + 0x800)),
);

/** Strings of nearly, exactly or just over this number of code points, from two characters that may differ in UTF-16 length. */
export const nearLength = (limit: number, unit: fc.Arbitrary<string>) =>
  fc
    .tuple(unit, unit, fc.integer({ min: limit - 3, max: limit + 3 }), fc.nat(limit - 3))
    .map(([a, b, length, ofA]) => ({ length, value: a.repeat(ofA) + b.repeat(length - ofA) }));

/** One code point that an id may hold. */
export const idCharacters = fc.oneof(
  oneOf('aAbB019=._:-'),
  oneOf(ORDER_SENSITIVE),
  characters.filter((character) => !isControl(character)),
);

/** One code point that a text may hold. */
export const textCharacters = fc.oneof(
  oneOf(ODD_CHARACTERS),
  oneOf('aAeEtT \n\t'),
  characters.filter((character) => character !== '\0'),
);

export const messageIds = fc.string({ unit: idCharacters, minLength: 1, maxLength: 255 }).map((id) => id as MessageId);

export const msisdns = fc.string({ unit: digits, minLength: 1, maxLength: 15 }).map((number) => `+${number}` as Msisdn);

export const texts = fc.string({ unit: textCharacters, maxLength: 200 });

/** Any instant of the years 0000-9999, often one close to 1970 or to the limits. */
export const instants = fc
  .oneof(fc.bigInt({ min: FIRST_INSTANT, max: LAST_INSTANT }), fc.bigInt({ min: -2_000_000n, max: 2_000_000n }))
  .map((micros) => micros as Timestamp);

/** An instant written in RFC 3339 with any offset, either case of T and Z, and up to 26 digits below the microsecond. */
export const writtenInstants = fc
  .record({
    instant: instants,
    offset: fc.oneof(fc.constantFrom('Z', 'z'), fc.integer({ min: -1439, max: 1439 })),
    t: fc.constantFrom('T', 't'),
    furtherDigits: fc.string({ unit: digits, maxLength: 26 }),
  })
  .map(({ instant, offset, t, furtherDigits }) => {
    const sinceFirst = instant - FIRST_INSTANT;
    const utcMs = Number(sinceFirst / 1000n) + Number(FIRST_INSTANT / 1000n);
    const local = new Date(utcMs + (typeof offset === 'number' ? offset * 60_000 : 0)).toISOString();
    const belowMs = (sinceFirst % 1000n).toString().padStart(3, '0');
    const zone = typeof offset === 'number' ? writeOffset(offset) : offset;
    return { instant, text: local.replace('T', t).replace('Z', `${belowMs}${furtherDigits}${zone}`) };
  })
  .filter(({ text }) => /^[0-9]{4}-/.test(text)); // the local year may be -1 or 10000, which RFC 3339 cannot write

function writeOffset(minutes: number): string {
  const twoDigits = (value: number): string => value.toString().padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${twoDigits(Math.floor(size / 60))}:${twoDigits(size % 60)}`;
}

/** Mostly the first: the distinction between providers' ids must not hide the distinction between ids. */
export const providers = fc.oneof(
  { weight: 4, arbitrary: fc.constant(WEBHOOK) },
  { weight: 1, arbitrary: fc.constantFrom(provider('a'), provider('whatsapp')) },
);

const messageTypes = fc.oneof(
  { weight: 5, arbitrary: fc.constant('text') },
  { weight: 1, arbitrary: fc.constantFrom('image', 'Ünknown') },
);

/** Any message; two of them hardly ever have anything in common. */
export const messages: fc.Arbitrary<Message> = fc.record({
  provider: providers,
  messageId: messageIds,
  from: msisdns,
  to: msisdns,
  sentAt: instants,
  type: messageTypes,
  text: fc.option(texts),
});

/** Messages from small pools: equal ids, instants and senders are common, with equal and with other content. */
export const collidingMessages: fc.Arbitrary<Message> = fc.record({
  provider: providers,
  messageId: fc
    .constantFrom('a', 'A', 'aa', 'b', '\uE000', '\uFFFF', '\u{10000}', '\u{1F600}')
    .map((id) => id as MessageId),
  from: fc.constantFrom('+1', '+10', '+9', '+0987654321').map((from) => from as Msisdn),
  to: fc.constantFrom('+1', '+14155550100').map((to) => to as Msisdn),
  sentAt: fc.constantFrom(-1n, 0n, 1n, 1_736_935_200_000_000n).map((micros) => micros as Timestamp),
  type: messageTypes,
  text: fc.constantFrom(null, '', 'Straße', 'STRASSE', 'ΟΔΟΣ', '100 %_\\"'),
});
