/** @typedef {import('./api.js').Problem} Problem */

/** The reason why there is no answer to show. The kinds differ in what the user can do. */
export class Failure extends Error {
  /**
   * @param {'key' | 'invalid' | 'missing' | 'limited' | 'unavailable' | 'fault' | 'silence'} kind
   * @param {{ problem?: Problem | null, retryAfter?: number | null }} [more] retryAfter in seconds
   */
  constructor(kind, { problem = null, retryAfter = null } = {}) {
    super(kind);
    this.kind = kind;
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
}

/**
 * Explains an unsuccessful answer.
 * @param {number} status
 * @param {Problem | null} problem its body, if it is readable
 * @param {string | null} retryAfter the header
 */
export function failureOf(status, problem, retryAfter) {
  const seconds = Number(retryAfter ?? Number.NaN);
  const more = { problem, retryAfter: Number.isFinite(seconds) ? seconds : null };
  if (status === 401) return new Failure('key', more);
  if (status === 404) return new Failure('missing', more);
  if (status === 422) return new Failure('invalid', more);
  if (status === 429) return new Failure('limited', more);
  if (status === 503) return new Failure('unavailable', more);
  return new Failure('fault', more);
}

/** @param {unknown} error the error of a read; fetch itself throws only if there is no answer */
export function asFailure(error) {
  return error instanceof Failure ? error : new Failure('silence');
}

/**
 * Says what happened and what to do about it.
 * @param {Failure} failure
 */
export function inWords({ kind, problem }) {
  switch (kind) {
    case 'key':
      return 'A read key is needed.';
    case 'invalid':
      return `The service cannot search for this. ${faults(problem)}`;
    case 'missing':
      return 'It is not there. It may have been deleted since.';
    case 'limited':
      return 'This address has reached its limit of reads. The page continues by itself after the minute.';
    case 'unavailable':
      return 'The service cannot answer now: it is busy, its database is unavailable, or the search took too long. A search for three or more characters, or in a shorter time range, is faster.';
    case 'silence':
      return 'The service does not answer. Does it run, and is this machine connected?';
    case 'fault':
      return `The service failed${problem === null ? '' : `; its log has request ${problem.instance}`}.`;
  }
}

/** @param {Problem | null} problem */
function faults(problem) {
  const errors = problem?.errors ?? [];
  if (errors.length === 0) return problem?.detail ?? '';
  return errors.map(({ loc, msg }) => `${NAMES.get(loc.at(-1) ?? '') ?? loc.at(-1)}: ${msg}.`).join(' ');
}

/** The page's names of the parameters. */
const NAMES = new Map([
  ['q', 'Text'],
  ['from', 'From'],
  ['since', 'Since'],
  ['until', 'Until'],
]);
