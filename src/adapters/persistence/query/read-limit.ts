import { StoreUnavailable } from '../../../application/ports/store.ts';

/** Lets at most `max` reads be under way or waiting; one more rejects as StoreUnavailable at once. */
export function readBound(max: number): <T>(read: () => Promise<T>) => Promise<T> {
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
