import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { asFailure } from './failure.js';
import { watchdog } from './watchdog.js';

/** By default the service ends a read after five seconds, so a read that takes this long has a dead connection. */
const PATIENCE_MS = 20_000;

/**
 * @template T
 * @typedef {{ data: T | null, failure: import('./failure.js').Failure | null, again: () => void }} Read
 */

/**
 * Returns the result of a read, and repeats the read whenever `inputs` change and every `every` ms while the page is visible. If a
 * read fails, the previous result stays, together with the failure, until `inputs` change.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} read
 * @param {readonly unknown[]} inputs values that the read depends on
 * @param {number} every 0: read only once
 * @returns {Read<T>}
 */
export function useRead(read, inputs, every) {
  const [state, setState] = useState(
    /** @type {{ inputs: readonly unknown[], data: T | null, failure: import('./failure.js').Failure | null }} */
    ({ inputs, data: null, failure: null }),
  );
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((last) => last + 1), []);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer = 0;
    /** @type {Promise<void> | null} */
    let underWay = null;

    async function once() {
      clearTimeout(timer);
      let pause = every;
      const watched = watchdog(PATIENCE_MS, signal);
      try {
        const data = await read(watched.signal);
        if (signal.aborted) return;
        setState({ inputs, data, failure: null });
      } catch (error) {
        if (signal.aborted) return;
        const failure = asFailure(error);
        setState((last) => ({ inputs, data: isSame(last.inputs, inputs) ? last.data : null, failure }));
        if (failure.kind === 'key' || failure.kind === 'invalid') pause = 0;
        else pause = Math.max(pause, (failure.retryAfter ?? 0) * 1_000);
      } finally {
        watched.stop();
      }
      if (pause > 0 && !document.hidden) timer = setTimeout(next, pause);
    }
    function next() {
      underWay ??= once().finally(() => {
        underWay = null;
      });
    }
    const whenSeen = () => {
      if (!document.hidden && every > 0) next();
    };

    next();
    document.addEventListener('visibilitychange', whenSeen);
    addEventListener('online', whenSeen);
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', whenSeen);
      removeEventListener('online', whenSeen);
    };
  }, [...inputs, turn]);

  return isSame(state.inputs, inputs)
    ? { data: state.data, failure: state.failure, again }
    : { data: null, failure: null, again };
}

/**
 * Returns the same read, but keeps the result of previous inputs until the read succeeds or fails, as long as `owner` is
 * the same.
 * @template T
 * @param {Read<T>} read
 * @param {unknown} owner
 * @returns {Read<T>}
 */
export function useLast(read, owner) {
  const last = useRef({ owner, data: read.data });
  if (read.data !== null || read.failure !== null || last.current?.owner !== owner)
    last.current = { owner, data: read.data };
  return { ...read, data: last.current?.data ?? null };
}

/** @param {readonly unknown[]} some @param {readonly unknown[]} others */
function isSame(some, others) {
  return some.every((input, i) => input === others[i]);
}
