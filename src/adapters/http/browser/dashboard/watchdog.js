/**
 * Returns a signal that is aborted with another one, or after an idle timeout.
 * @param {number} ms the idle timeout
 * @param {AbortSignal} outer
 */
export function watchdog(ms, outer) {
  const controller = new AbortController();
  const abort = () => {
    controller.abort();
  };
  let timer = setTimeout(abort, ms);
  outer.addEventListener('abort', abort);
  return {
    signal: controller.signal,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(abort, ms);
    },
    stop() {
      clearTimeout(timer);
      outer.removeEventListener('abort', abort);
    },
  };
}
