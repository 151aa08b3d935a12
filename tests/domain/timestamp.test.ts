import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatTimestamp, parseTimestamp, timestamp, timestampFromMicros } from '../../src/domain/timestamp.ts';
import { characters, digits, FIRST_INSTANT, instants, LAST_INSTANT, writtenInstants } from '../support/arbitraries.ts';

const digitStrings = (lengths: { minLength: number; maxLength: number }) => fc.string({ unit: digits, ...lengths });

const date = (year: number, month: number, day: number): string =>
  [year.toString().padStart(4, '0'), month.toString().padStart(2, '0'), day.toString().padStart(2, '0')].join('-');

/** Asks the calendar of the engine: a date that does not exist rolls over into another month. */
function dateExists(year: number, month: number, day: number): boolean {
  const rolled = new Date(0);
  rolled.setUTCFullYear(year, month - 1, day);
  return rolled.getUTCMonth() === month - 1 && rolled.getUTCDate() === day;
}

describe('parseTimestamp', () => {
  it.each([
    ['2025-01-15T15:30:00+05:30', '2025-01-15T10:00:00Z'],
    ['2025-01-15T10:00:00Z', '2025-01-15T10:00:00Z'],
    ['2025-01-15t10:00:00z', '2025-01-15T10:00:00Z'],
    ['2025-01-15T10:00:00-00:00', '2025-01-15T10:00:00Z'],
    ['2024-12-31T23:30:00-01:00', '2025-01-01T00:30:00Z'],
    ['2025-01-15T10:00:00.120000Z', '2025-01-15T10:00:00.12Z'],
    ['2025-01-15T10:00:00.000001Z', '2025-01-15T10:00:00.000001Z'],
    ['2025-01-15T10:00:00.0000009Z', '2025-01-15T10:00:00Z'],
    ['2025-01-15T10:00:00.1234569Z', '2025-01-15T10:00:00.123456Z'],
    ['1969-12-31T23:59:59.9999999Z', '1969-12-31T23:59:59.999999Z'],
    ['2024-02-29T23:59:59+23:59', '2024-02-29T00:00:59Z'],
    ['0099-03-01T00:00:00Z', '0099-03-01T00:00:00Z'],
    ['0000-01-01T00:00:00Z', '0000-01-01T00:00:00Z'],
    ['9999-12-31T23:59:59.999999Z', '9999-12-31T23:59:59.999999Z'],
  ])('reads %s as %s', (written, printed) => {
    expect(formatTimestamp(timestamp(written))).toBe(printed);
  });

  it.each([
    ['nothing', ''],
    ['a date alone', '2025-01-15'],
    ['a missing offset', '2025-01-15T10:00:00'],
    ['missing seconds', '2025-01-15T10:00Z'],
    ['a space for T', '2025-01-15 10:00:00Z'],
    ['hour 24', '2025-01-15T24:00:00Z'],
    ['minute 60', '2025-01-15T10:60:00Z'],
    ['a leap second', '2016-12-31T23:59:60Z'],
    ['an offset of 24:00', '2025-01-15T10:00:00+24:00'],
    ['an offset of -24:00', '2025-01-15T10:00:00-24:00'],
    ['an offset with minute 60', '2025-01-15T10:00:00+05:60'],
    ['an offset without a colon', '2025-01-15T10:00:00+0530'],
    ['an offset of hours alone', '2025-01-15T10:00:00+05'],
    ['a typographic minus', '2025-01-15T10:00:00\u221205:30'],
    ['an unescaped plus of a query', '2025-01-15T15:30:00 05:30'],
    ['month 0', '2025-00-15T10:00:00Z'],
    ['month 13', '2025-13-15T10:00:00Z'],
    ['day 0', '2025-01-00T10:00:00Z'],
    ['February 30', '2024-02-30T10:00:00Z'],
    ['February 29 of 1900', '1900-02-29T10:00:00Z'],
    ['a fraction without digits', '2025-01-15T10:00:00.Z'],
    ['a comma before the fraction', '2025-01-15T10:00:00,5Z'],
    ['a month of one digit', '2025-1-15T10:00:00Z'],
    ['a year of five digits', '12025-01-15T10:00:00Z'],
    ['a signed year', '+002025-01-15T10:00:00Z'],
    ['digits that are not ASCII', '２０２５-01-15T10:00:00Z'],
    ['a space before', ' 2025-01-15T10:00:00Z'],
    ['a line feed after', '2025-01-15T10:00:00Z\n'],
    ['an instant before the year 0000', '0000-01-01T00:00:00+00:01'],
    ['an instant after the year 9999', '9999-12-31T23:59:59-00:01'],
  ])('rejects %s', (_what, written) => {
    expect(parseTimestamp(written)).toBeNull();
  });

  it('parses every spelling of an instant, and drops digits below a microsecond', () => {
    fc.assert(
      fc.property(writtenInstants, ({ instant, text }) => {
        expect(parseTimestamp(text)).toBe(instant);
      }),
    );
  });

  it('agrees with the engine wherever a millisecond is precise enough', () => {
    fc.assert(
      fc.property(writtenInstants, ({ text }) => {
        const toTheMs = text.replace(/\.(...)\d*/, '.$1').toUpperCase();
        expect(parseTimestamp(toTheMs)).toBe(BigInt(Date.parse(toTheMs)) * 1000n);
      }),
    );
  });

  it('accepts exactly the dates of the calendar', () => {
    const years = fc.oneof(
      fc.integer({ min: 0, max: 9999 }),
      fc.integer({ min: 0, max: 99 }).map((century) => century * 100),
    );
    const days = fc.oneof(fc.integer({ min: 29, max: 31 }), fc.integer({ min: 0, max: 99 }));
    fc.assert(
      fc.property(years, fc.integer({ min: 0, max: 14 }), days, (year, month, day) => {
        const accepted = parseTimestamp(`${date(year, month, day)}T12:00:00Z`) !== null;
        expect(accepted).toBe(month >= 1 && month <= 12 && day >= 1 && dateExists(year, month, day));
      }),
      { numRuns: 2000 },
    );
  });

  it('knows every leap year', () => {
    const years = Array.from({ length: 10_000 }, (_, year) => year);
    const accepted = years.filter((year) => parseTimestamp(`${date(year, 2, 29)}T12:00:00Z`) !== null);
    expect(accepted).toEqual(years.filter((year) => dateExists(year, 2, 29)));
  });

  it('accepts exactly the times of a day and the offsets within a day', () => {
    const twoDigits = digitStrings({ minLength: 2, maxLength: 2 });
    fc.assert(
      fc.property(fc.tuple(twoDigits, twoDigits, twoDigits, twoDigits, twoDigits), ([h, m, s, oh, om]) => {
        const possible = Number(h) < 24 && Number(m) < 60 && Number(s) < 60 && Number(oh) < 24 && Number(om) < 60;
        expect(parseTimestamp(`2025-01-15T${h}:${m}:${s}+${oh}:${om}`) !== null).toBe(possible);
      }),
      { numRuns: 1000 },
    );
  });

  it('returns null or an instant of the years 0000-9999 for any string, and never throws', () => {
    const almostValid = fc
      .tuple(
        writtenInstants,
        fc.nat(40),
        fc.oneof(fc.string({ maxLength: 2 }), digitStrings({ minLength: 1, maxLength: 2 })),
      )
      .map(([{ text }, at, inserted]) => text.slice(0, at) + inserted + text.slice(at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: characters }), almostValid), (written) => {
        const instant = parseTimestamp(written);
        expect(instant === null || (instant >= FIRST_INSTANT && instant <= LAST_INSTANT)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('formatTimestamp', () => {
  it('formats every instant in one form that parses to the same instant', () => {
    fc.assert(
      fc.property(instants, (instant) => {
        const written = formatTimestamp(instant);
        expect(written).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z$/);
        expect(parseTimestamp(written)).toBe(instant);
      }),
    );
  });

  it('keeps a fraction to the sixth digit and drops trailing zeros, before 1970 too', () => {
    const fractions = digitStrings({ minLength: 1, maxLength: 32 });
    const seconds = fc.constantFrom('2025-01-15T10:00:00', '1969-12-31T23:59:59', '0000-01-01T00:00:00');
    fc.assert(
      fc.property(seconds, fractions, (second, fraction) => {
        const kept = `.${fraction.slice(0, 6)}`.replace(/\.?0*$/, '');
        expect(formatTimestamp(timestamp(`${second}.${fraction}Z`))).toBe(`${second}${kept}Z`);
      }),
    );
  });
});

describe('Timestamp', () => {
  it('is ordered as the instants are, whatever the offsets', () => {
    expect(timestamp('2025-01-15T15:29:59+05:30') < timestamp('2025-01-15T10:00:00Z')).toBe(true);
    fc.assert(
      fc.property(fc.array(writtenInstants, { maxLength: 20 }), (written) => {
        const byReading = written.toSorted((a, b) => Number(timestamp(a.text) - timestamp(b.text)));
        const byInstant = written.toSorted((a, b) => (a.instant < b.instant ? -1 : a.instant > b.instant ? 1 : 0));
        expect(byReading).toEqual(byInstant);
      }),
    );
  });

  it('cannot be created from an invalid text', () => {
    expect(() => timestamp('2025-02-30T10:00:00Z')).toThrow(RangeError);
    expect(() => timestamp('2025-02-30T10:00:00Z')).not.toThrow(/2025/);
  });

  it('counts microseconds from 1970, within the years 0000-9999', () => {
    expect(formatTimestamp(timestampFromMicros(0n))).toBe('1970-01-01T00:00:00Z');
    expect(formatTimestamp(timestampFromMicros(-1n))).toBe('1969-12-31T23:59:59.999999Z');
    expect(timestampFromMicros(FIRST_INSTANT)).toBe(timestamp('0000-01-01T00:00:00Z'));
    expect(timestampFromMicros(LAST_INSTANT)).toBe(timestamp('9999-12-31T23:59:59.999999Z'));
    expect(() => timestampFromMicros(FIRST_INSTANT - 1n)).toThrow(RangeError);
    expect(() => timestampFromMicros(LAST_INSTANT + 1n)).toThrow(RangeError);
  });
});
