import { useEffect, useRef, useState } from 'preact/hooks';
import { pagedMessages } from './paged-messages.js';

/**
 * Returns the matching messages of the requested pages, the newest first. When the filters change, the previous messages
 * stay until new ones arrive.
 * @param {import('./api.js').Api} api
 * @param {import('./paged-messages.js').Filters} filters
 */
export function useMessages(api, { q, from, since, until }) {
  const [turn, setTurn] = useState(0);
  const [, draw] = useState({});
  const pages = useRef(/** @type {ReturnType<typeof pagedMessages> | null} */ (null));
  const settled = useRef(NOTHING);

  useEffect(() => {
    const mine = pagedMessages(api, { q, from, since, until }, () => draw({}));
    pages.current = mine;
    void mine.more();
    return () => mine.stop();
  }, [api, q, from, since, until, turn]);

  const current = pages.current?.current() ?? NOTHING;
  if (current.total !== null || current.failure !== null) settled.current = current;
  return {
    .../** @type {import('./paged-messages.js').Pages} */ (settled.current),
    isLoading: current.isLoading,
    more: () => void pages.current?.more(),
    again: () => setTurn((last) => last + 1),
  };
}

/** @type {import('./paged-messages.js').Pages} */
const NOTHING = { rows: [], total: null, isLoading: true, isWhole: false, failure: null };
