import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** What a database needs to notice that nobody waits for its locks any more. */
const LAST_MS = 500;

/**
 * Waits for `closing`. If the signal aborts first, it calls `hurry` and waits for half a second at most: the process ends, and what
 * is still open then is as after a crash. Rejects if `closing` rejects in time.
 */
export async function closingUntil(
  signal: AbortSignal | undefined,
  closing: Promise<void>,
  hurry: () => void,
): Promise<void> {
  if (signal === undefined) return closing;
  const settled = new AbortController();
  const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort', { signal: settled.signal });
  const late = aborted.then(
    async () => {
      hurry();
      await delay(LAST_MS, undefined, { ref: false });
    },
    () => undefined, // closed in time
  );
  await Promise.race([closing, late]).finally(() => {
    settled.abort();
  });
}
