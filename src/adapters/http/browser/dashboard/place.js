/**
 * The state of the page that a link preserves: filters, the open message, and the time range of the chart. Empty means not
 * set.
 * @typedef {{ q: string, from: string, since: string, until: string, message: string, provider: string, bucket: Bucket, end: string }} Place
 * @typedef {'minute' | 'hour' | 'day'} Bucket
 */

const TEXTS = /** @type {const} */ (['q', 'from', 'since', 'until', 'message', 'provider', 'end']);

/** @type {readonly Bucket[]} */
export const BUCKETS = ['minute', 'hour', 'day'];

/**
 * @param {string} search a URL's query
 * @returns {Place} missing and invalid values are empty
 */
export function readPlace(search) {
  const query = new URLSearchParams(search);
  const [q = '', from = '', since = '', until = '', message = '', provider = '', last = ''] = TEXTS.map(
    (name) => query.get(name) ?? '',
  );
  const end = isInstant(last) ? last : '';
  const bucket = BUCKETS.find((name) => name === query.get('bucket')) ?? 'hour';
  return { q, from, since, until, message, provider, end, bucket };
}

/** @param {string} text one that there is arithmetic with: of a year with four digits, as the service has them */
function isInstant(text) {
  return /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text));
}

/** @param {Place} place @returns {string} the query that {@link readPlace} reads it from, with its `?` */
export function writePlace(place) {
  const query = new URLSearchParams();
  for (const name of TEXTS) if (place[name] !== '') query.set(name, place[name]);
  if (place.bucket !== 'hour') query.set('bucket', place.bucket);
  return query.size === 0 ? '' : `?${query.toString()}`;
}

/** @param {Place} place only the filters of the table are used */
export function filtersOf({ q, from, since, until }) {
  return { q, from, since, until };
}

/** @param {Place} place */
export function isFiltered(place) {
  return Object.values(filtersOf(place)).some((value) => value !== '');
}
