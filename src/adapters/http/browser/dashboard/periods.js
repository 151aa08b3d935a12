/** @typedef {import('./place.js').Bucket} Bucket */

/** The chart's stretches of time, as the service has them by default. */
const PERIODS = {
  minute: { ms: 60_000, count: 60, stretch: '60 minutes', each: 'minute' },
  hour: { ms: 3_600_000, count: 48, stretch: '48 hours', each: 'hour' },
  day: { ms: 86_400_000, count: 30, stretch: '30 days', each: 'day' },
};

/** @param {Bucket} bucket */
export const periodOf = (bucket) => PERIODS[bucket];

/** @param {number} ms @returns {string} as the service writes it */
export function instant(ms) {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/**
 * The stretch that ends at `end`, as a query; the latest one when that is empty or no instant.
 * @param {Bucket} bucket
 * @param {string} end
 */
export function stretchTo(bucket, end) {
  const until = Date.parse(end);
  if (Number.isNaN(until)) return { since: null, until: null };
  const { ms, count } = PERIODS[bucket];
  return { since: instant(until - ms * count), until: instant(until) };
}

/**
 * The end of the bucket that an instant lies in.
 * @param {Bucket} bucket
 * @param {number} at ms since 1970
 */
export function endOf(bucket, at) {
  const { ms } = PERIODS[bucket];
  return instant((Math.floor(at / ms) + 1) * ms);
}

/**
 * A round number at or a little above, to end an axis with; its half is one, too.
 * @param {number} most
 */
export function ceiling(most) {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.2, 1.6, 2, 3, 4, 6, 8, 10].find((factor) => factor * power >= most) ?? 10;
  return Math.round(step * power);
}
