import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { ReclaimableStorage, Work } from '../../../application/ports/maintenance.ts';
import type { SpaceOptions, StoreSpace } from './storage.ts';

/** Reclaims the space of either database until the signal stops it. */
export function reclaimableStorage(space: StoreSpace): ReclaimableStorage {
  const { compact } = space;
  return {
    usage: () => space.usage(),
    reclaim: (work) => space.giveBack(stoppedBy(work)),
    compact: compact === null ? null : (work) => compact(stoppedBy(work)),
  };
}

function stoppedBy({ signal, onProgress }: Work): SpaceOptions {
  return {
    async check() {
      await turnOfTheLoop(); // SQLite blocks the event loop: without a turn of it no signal arrives
      signal.throwIfAborted();
    },
    onProgress,
  };
}
