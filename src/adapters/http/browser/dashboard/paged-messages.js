import { asFailure } from './failure.js';

const PAGE_SIZE = 100;

/**
 * @typedef {{ q: string, from: string, since: string, until: string }} Filters
 *
 * @typedef {object} Pages
 * @property {readonly import('./api.js').Message[]} rows
 * @property {number | null} total all that match; null until the first page is there
 * @property {boolean} isLoading
 * @property {boolean} isWhole nothing more to get
 * @property {import('./failure.js').Failure | null} failure of the last page asked for
 */

/**
 * Gets the matching messages page by page with the cursor: each once, even if messages arrive meanwhile.
 * @param {Pick<import('./api.js').Api, 'json'>} api
 * @param {Filters} filters
 * @param {() => void} onChange
 */
export function pagedMessages(api, filters, onChange) {
  const controller = new AbortController();
  /** @type {string | null} */
  let cursor = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {Pages} */
  let pages = { rows: [], total: null, isLoading: false, isWhole: false, failure: null };

  /** @param {Partial<Pages>} next */
  function change(next) {
    pages = { ...pages, ...next };
    onChange();
  }

  async function more() {
    if (pages.isLoading || pages.isWhole || controller.signal.aborted) return;
    clearTimeout(timer);
    change({ isLoading: true, failure: null });
    try {
      const page = await /** @type {Promise<import('./api.js').MessageList>} */ (
        api.json('/messages', {
          query: { order: 'desc', limit: PAGE_SIZE, cursor, ...filters },
          signal: controller.signal,
        })
      );
      if (controller.signal.aborted) return;
      cursor = page.next_cursor;
      change({ rows: [...pages.rows, ...page.data], total: page.total, isLoading: false, isWhole: cursor === null });
    } catch (error) {
      if (controller.signal.aborted) return;
      const failure = asFailure(error);
      change({ isLoading: false, failure });
      if (failure.retryAfter !== null) timer = setTimeout(() => void more(), failure.retryAfter * 1_000);
    }
  }

  return {
    /** @returns {Pages} */
    current: () => pages,
    /** Requests the next page, unless a request is in flight or there is no next page. */
    more,
    stop() {
      controller.abort();
      clearTimeout(timer);
    },
  };
}
