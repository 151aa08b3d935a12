import { setImmediate as turnOfTheLoop, setTimeout as delay } from 'node:timers/promises';
import type { ImportTarget } from '../../../application/ports/transfer.ts';
import type { CopyTarget } from './copy-messages.ts';
import { newUnknown } from './unknown-payloads.ts';

/** The pause after a step that a service took at the same time. */
const BUSY_MS = 50;

/** The target of an import. SQLite blocks the event loop: a turn of it after each step lets signals arrive. */
export function importTarget({ db, add, deriveNext }: CopyTarget): ImportTarget {
  return {
    isNewUnknown: newUnknown(db),

    async add(updates) {
      const outcomes = await add(updates);
      await turnOfTheLoop();
      return outcomes;
    },

    async deriveNext(limit) {
      try {
        const derived = await deriveNext(limit);
        await turnOfTheLoop();
        return derived;
      } catch (error) {
        if (!String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) throw error;
        await delay(BUSY_MS);
        return 'busy';
      }
    },
  };
}
