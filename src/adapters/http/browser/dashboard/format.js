const NUMBER = new Intl.NumberFormat();
const COMPACT = new Intl.NumberFormat(undefined, { notation: 'compact' });
const PERCENT = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });
const INSTANT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const MINUTE = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const HOUR = new Intl.DateTimeFormat(undefined, { weekday: 'short', hour: 'numeric', minute: '2-digit' });
// Buckets of a day are days of UTC, wherever the browser is.
const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'always', style: 'short' });

/** @param {number} value */
export const number = (value) => NUMBER.format(value);
/** @param {number} value */
export const compact = (value) => COMPACT.format(value);
/** @param {number} share of 1 */
export const percent = (share) => PERCENT.format(share);

/** @param {number} count @param {string} one @param {string} [many] */
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** @param {string} ts an instant in the reader's own time */
export const local = (ts) => INSTANT.format(new Date(ts));
/** @param {string} ts the same without its day */
export const clock = (ts) => CLOCK.format(new Date(ts));
/** @param {string} ts the value on the wire, to the microsecond */
export const utc = (ts) => `${ts.replace('T', ' ').replace(/Z$/, '')} UTC`;

/** @param {import('./place.js').Bucket} bucket @param {string} ts its start */
export function bucketName(bucket, ts) {
  const format = { minute: MINUTE, hour: HOUR, day: DAY }[bucket];
  return format.format(new Date(ts)) + (bucket === 'day' ? ' UTC' : '');
}

/** @type {readonly [Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

/**
 * @param {number} ms since 1970
 * @param {number} now the same
 */
export function ago(ms, now) {
  const seconds = Math.min(0, (ms - now) / 1_000);
  const [unit, size] = UNITS.find(([, length]) => -seconds >= length) ?? /** @type {const} */ (['second', 1]);
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

/**
 * For `<input type="datetime-local">`, which has no zone: the reader's own time, to the second.
 * @param {string} ts
 * @returns {string} empty if it is not an instant
 */
export function toLocalInput(ts) {
  const ms = Date.parse(ts);
  const shifted = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return Number.isNaN(shifted.getTime()) ? '' : shifted.toISOString().slice(0, 19);
}

/** @param {string} value of such an input @returns {string} in UTC, to the second; empty if the input is empty */
export function fromLocalInput(value) {
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}
