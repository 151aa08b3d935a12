import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { ReclaimableStorage, Work } from '../../../application/ports/maintenance.ts';
import type { StorageOptions, StoreStorage } from './storage.ts';

/** Reclaims the space of either database until the signal stops it. */
export function reclaimableStorage(storage: StoreStorage): ReclaimableStorage {
  const { compact } = storage;
  return {
    usage: () => storage.usage(),
    reclaim: (work) => storage.reclaim(stoppedBy(work)),
    compact: compact === null ? null : (work) => compact(stoppedBy(work)),
  };
}

function stoppedBy({ signal, onProgress }: Work): StorageOptions {
  return {
    async check() {
      await turnOfTheLoop(); // SQLite blocks the event loop: without a turn of it no signal arrives
      signal.throwIfAborted();
    },
    onProgress,
  };
}
