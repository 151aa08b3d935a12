import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { follow } from './follow.js';

/** Number of messages kept for display. */
const MOST = 50;
/** Interval between two updates of the page, however many messages arrive. */
const DRAW_MS = 250;

/**
 * The messages that arrive while the page is open.
 * @typedef {object} Tail
 * @property {import('./follow.js').TailState} state
 * @property {readonly { key: number, message: TailMessage }[]} rows the newest first, at most 50
 * @property {number} count all that came
 * @property {number} resets how often messages may have been missed
 * @property {boolean} paused
 * @property {number} held that came since the pause
 * @property {() => void} toggle
 *
 * @typedef {import('./api.js').Message & { provider?: string, type?: string }} TailMessage
 */

/**
 * @param {import('./api.js').Api} api
 * @returns {Tail}
 */
export function useTail(api) {
  const [state, setState] = useState(/** @type {import('./follow.js').TailState} */ ({ kind: 'connecting' }));
  const [seen, setSeen] = useState(/** @type {Seen} */ ({ texts: [], count: 0, resets: 0 }));
  const [paused, setPaused] = useState(/** @type {Seen | null} */ (null));
  /** Received messages, which may be newer than the drawn ones. @type {import('preact').RefObject<Seen>} */
  const latest = useRef(seen);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer = 0;
    /** @param {(last: Seen) => Seen} change */
    const add = (change) => {
      latest.current = change(/** @type {Seen} */ (latest.current));
      timer ||= setTimeout(() => {
        timer = 0;
        setSeen(/** @type {Seen} */ (latest.current));
      }, DRAW_MS);
    };
    void follow({
      connect: (lastId, cut) =>
        api.request('/messages/stream', {
          headers: lastId === '' ? {} : { 'Last-Event-ID': lastId },
          signal: cut,
        }),
      onMessage: (data) =>
        add(({ texts, count, resets }) => ({ texts: [data, ...texts.slice(0, MOST - 1)], count: count + 1, resets })),
      onReset: () => add(({ count, resets }) => ({ texts: [], count, resets: resets + 1 })),
      onState: setState,
      wait,
      now: () => performance.now(),
      signal,
    });
    return () => {
      controller.abort();
      clearTimeout(timer);
      // Messages that were read with another key disappear with it.
      const { count, resets } = /** @type {Seen} */ (latest.current);
      latest.current = { texts: [], count, resets };
      setSeen(latest.current);
      setPaused(null);
    };
  }, [api]);

  const shown = paused ?? seen;
  const rows = useMemo(
    () =>
      shown.texts.map((text, i) => ({ key: shown.count - i, message: /** @type {TailMessage} */ (JSON.parse(text)) })),
    [shown],
  );
  return {
    state,
    rows,
    count: seen.count,
    resets: seen.resets,
    paused: paused !== null,
    held: paused === null ? 0 : seen.count - paused.count,
    toggle: () => setPaused(paused === null ? seen : null),
  };
}

/** @typedef {{ texts: readonly string[], count: number, resets: number }} Seen texts: messages as JSON, the newest first */

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function wait(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      removeEventListener('online', done);
      resolve();
    }
    signal.addEventListener('abort', done);
    addEventListener('online', done);
  });
}
