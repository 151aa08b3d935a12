import { StoreUnavailable } from '../../../application/ports/store.ts';

/** Limits the reads in flight and waiting to `max`; any further read rejects with StoreUnavailable immediately. */
export function readLimit(max: number): <T>(read: () => Promise<T>) => Promise<T> {
  let reads = 0;
  return async (read) => {
    if (reads >= max) throw new StoreUnavailable('too many reads are waiting');
    reads++;
    try {
      return await read();
    } finally {
      reads--;
    }
  };
}
