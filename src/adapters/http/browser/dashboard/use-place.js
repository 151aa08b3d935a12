import { useCallback, useEffect, useState } from 'preact/hooks';
import { readPlace, writePlace } from './place.js';

/**
 * Returns the place that the address names, and a function that changes it. The back button visits the pushed places.
 * @returns {{ place: import('./place.js').Place, go: Go }}
 *
 * @typedef {(change: Partial<import('./place.js').Place>, how?: 'push' | 'replace') => void} Go
 */
export function usePlace() {
  const [place, setPlace] = useState(() => readPlace(location.search));

  useEffect(() => {
    const follow = () => setPlace(readPlace(location.search));
    addEventListener('popstate', follow);
    return () => removeEventListener('popstate', follow);
  }, []);

  const go = useCallback(
    /** @type {Go} */
    (change, how = 'push') => {
      const next = { ...readPlace(location.search), ...change };
      const address = location.pathname + writePlace(next);
      if (address === location.pathname + location.search) return;
      if (how === 'push') history.pushState(null, '', address);
      else history.replaceState(null, '', address);
      setPlace(next);
    },
    [],
  );
  return { place, go };
}
