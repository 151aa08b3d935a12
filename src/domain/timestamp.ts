/**
 * An instant with a resolution of one microsecond.
 *
 * Whole microseconds since 1970-01-01T00:00:00Z. A bigint, because at this resolution the years 0000-9999 of RFC 3339 exceed
 * the 53 bits of a number.
 */
export type Timestamp = bigint & { readonly __brand: 'Timestamp' };

const MICROS_PER_SECOND = 1_000_000n;
/** 0000-01-01T00:00:00Z */
export const FIRST_TIMESTAMP = -62_167_219_200_000_000n as Timestamp;
const LAST = 253_402_300_799_999_999n; // 9999-12-31T23:59:59.999999Z

/** RFC 3339, section 5.6. `T` and `Z` may be lower case; a space instead of `T` is optional there and not accepted here. */
const RFC_3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,44}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/** The Gregorian calendar repeats after 146,097 days. */
const MS_PER_400_YEARS = 146_097 * 86_400_000;

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Parses an RFC 3339 date-time; null if the text is invalid.
 *
 * Rejects nonexistent dates (February 30), leap seconds (`:60`), a missing offset, and instants outside the years 0000-9999 in
 * UTC. Drops fraction digits after the sixth instead of rounding, so a parsed instant is never later than the text.
 */
export function parseTimestamp(text: string): Timestamp | null {
  const match = RFC_3339.exec(text);
  if (match === null) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const [hour, minute, second] = [Number(match[4]), Number(match[5]), Number(match[6])];
  const [offsetHour, offsetMinute] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (day < 1 || day > daysInMonth(year, month)) return null;
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return null;

  // Computed one calendar cycle later, because Date.UTC interprets the years 0-99 as 1900-1999.
  const local = Date.UTC(year + 400, month - 1, day, hour, minute, second) - MS_PER_400_YEARS;
  const offsetMs = (offsetHour * 60 + offsetMinute) * 60_000 * (match[8] === '-' ? -1 : 1);
  const micros = Number((match[7] ?? '').slice(0, 6).padEnd(6, '0'));
  const instant = BigInt(local - offsetMs) * 1000n + BigInt(micros);
  return isTimestamp(instant) ? instant : null;
}

/** As {@link parseTimestamp}, for callers that know the text is valid. Throws a RangeError if it is invalid. */
export function timestamp(text: string): Timestamp {
  const instant = parseTimestamp(text);
  if (instant === null) throw new RangeError('not an RFC 3339 date-time with Z or an offset');
  return instant;
}

/** The instant `micros` microseconds after 1970-01-01T00:00:00Z. Throws a RangeError outside the years 0000-9999. */
export function timestampFromMicros(micros: bigint): Timestamp {
  if (!isTimestamp(micros)) throw new RangeError('outside the years 0000-9999');
  return micros;
}

/** Formats as `2025-01-15T10:00:00Z`: UTC, upper-case `T` and `Z`, a fraction only if it is not 0, without trailing zeros. */
export function formatTimestamp(instant: Timestamp): string {
  const micros = mod(instant, MICROS_PER_SECOND);
  const wholeSeconds = new Date(Number((instant - micros) / 1000n)).toISOString().slice(0, -'.000Z'.length);
  const fraction = micros === 0n ? '' : `.${micros.toString().padStart(6, '0').replace(/0+$/, '')}`;
  return `${wholeSeconds}${fraction}Z`;
}

function isTimestamp(micros: bigint): micros is Timestamp {
  return micros >= FIRST_TIMESTAMP && micros <= LAST;
}

function daysInMonth(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 2 && leap ? 29 : (DAYS_IN_MONTH[month - 1] ?? 0);
}

/** The remainder with the sign of the divisor; `%` has that of the dividend, and instants before 1970 are negative. */
function mod(value: bigint, divisor: bigint): bigint {
  return ((value % divisor) + divisor) % divisor;
}
