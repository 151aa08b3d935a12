import { Failure, failureOf } from './failure.js';

/**
 * The types of the contract, so the type checker finds every misread answer.
 * @typedef {import('../../contract/generated/openapi.ts').components['schemas']} Schemas
 * @typedef {Schemas['Message']} Message
 * @typedef {Schemas['MessageDetail']} MessageDetail
 * @typedef {Schemas['MessageList']} MessageList
 * @typedef {Schemas['Stats']} Stats
 * @typedef {Schemas['Rejection']} Rejection
 * @typedef {Schemas['RejectionList']} RejectionList
 * @typedef {Schemas['Readiness']} Readiness
 * @typedef {Schemas['Timeseries']} Timeseries
 * @typedef {Schemas['Problem'] & { errors?: Schemas['ValidationErrorItem'][] }} Problem
 */

/**
 * The service as the page reads it. Each read rejects with a Failure, and with the reason of `signal` when that is aborted.
 * @typedef {ReturnType<typeof createApi>} Api
 */

/**
 * @param {string | null} key the read key to send, where one is set
 * @param {() => void} onKeyRefused called when the service wants another key than this
 */
export function createApi(key, onKeyRefused) {
  /**
   * @param {string} path
   * @param {{ query?: Readonly<Record<string, string | number | null>>, headers?: Record<string, string>, signal?: AbortSignal }} [more]
   */
  async function request(path, { query = {}, headers = {}, ...more } = {}) {
    const response = await fetch(path + queryString(query), {
      headers: { ...headers, ...(key !== null && { Authorization: `Bearer ${key}` }) },
      credentials: 'omit',
      cache: 'no-cache',
      ...more,
    });
    if (response.ok) return response;
    const failure = failureOf(response.status, await problemIn(response), response.headers.get('Retry-After'));
    if (failure.kind === 'key') onKeyRefused();
    throw failure;
  }

  return {
    /** Whether a key is sent. */
    hasKey: key !== null,

    request,

    /**
     * @template T
     * @param {string} path
     * @param {{ query?: Readonly<Record<string, string | number | null>>, signal?: AbortSignal }} [more]
     * @returns {Promise<T>}
     */
    async json(path, more) {
      return (await request(path, more)).json();
    },

    /** @param {AbortSignal} [signal] @returns {Promise<import('./api.js').Readiness>} */
    async readiness(signal) {
      const response = await fetch('/health/ready', { credentials: 'omit', ...(signal && { signal }) });
      // Not ready is 503, and an answer all the same.
      if (response.ok || response.status === 503) return response.json();
      throw new Failure('fault');
    },
  };
}

/**
 * Where a message is.
 * @param {string} id
 */
export function messagePath(id) {
  // The stream is in the place where a message of that name would be.
  return `/messages/${id === 'stream' ? '%73tream' : encodeURIComponent(id)}`;
}

/** @param {Readonly<Record<string, string | number | null>>} query null and empty values are omitted */
function queryString(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== '') parameters.set(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters.toString()}`;
}

/** @param {Response} response */
async function problemIn(response) {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return null;
  return /** @type {Promise<import('./api.js').Problem>} */ (response.json()).catch(() => null);
}
