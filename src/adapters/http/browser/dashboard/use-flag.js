import { useCallback, useState } from 'preact/hooks';

/**
 * Something to turn on or off that this browser remembers.
 * @param {string} name
 * @param {boolean} byDefault
 * @returns {[boolean, (on: boolean) => void]}
 */
export function useFlag(name, byDefault) {
  const item = `webhook-inbox.${name}`;
  const [isOn, setOn] = useState(() => (localStorage.getItem(item) ?? String(byDefault)) === 'true');
  const set = useCallback((/** @type {boolean} */ on) => {
    localStorage.setItem(item, String(on));
    setOn(on);
  }, []);
  return [isOn, set];
}
