import { setTimeout as delay } from 'node:timers/promises';
import type { Knex } from 'knex';
import { rowOf } from '../schema/dialect.ts';
import { FOLLOW_STEP } from '../counters/derived-data-worker.ts';
import type { Reindex } from '../maintenance/reindex.ts';
import { indexNext } from './derived-data.ts';
import { indexedSeq, resetIndex } from './search/search-index.ts';

/** Empties the index and fills it again in steps, as the service does, too: both may be at it. For a connection that writes. */
export function sqliteReindex(db: Knex): Reindex {
  return async ({ signal, onProgress }) => {
    await resetIndex(db);
    for (let more = true; more;) {
      const { highest } = await rowOf<{ highest: bigint }>(db, 'select coalesce(max(seq), 0) as highest from messages');
      onProgress(await indexedSeq(db), Number(highest));
      signal.throwIfAborted();
      const began = performance.now();
      more = (await indexNext(db, FOLLOW_STEP)) > 0;
      await delay(performance.now() - began); // so that commits can come between
    }
    return Number((await rowOf<{ rows: bigint }>(db, 'select count(*) as rows from messages')).rows);
  };
}
