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

/** Rejects with StoreUnavailable if the read takes longer. It does not end the read. */
export async function within<T>(milliseconds: number, reading: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreUnavailable('a read took too long'));
    }, milliseconds);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
